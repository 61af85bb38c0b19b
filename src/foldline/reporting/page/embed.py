"""Values embedded in an HTML page so that nothing in them is taken for markup."""

import base64
import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt

# within <script> only `<` can end or change what the browser reads; the others are for good measure
_ESCAPES = {
    ord(character): f"\\u{ord(character):04x}" for character in ("<", ">", "&", "\u2028", "\u2029")
}


def embed_json(identity: str, value: Any) -> str:
    """Return `value` as `<script type="application/json" id="identity">`, whatever text is in it.

    NaN and infinite numbers, which JSON lacks, become null.
    """
    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f'<script type="application/json" id="{identity}">{text.translate(_ESCAPES)}</script>\n'


def encode_array(values: npt.NDArray[Any], largest: int) -> dict[str, Any]:
    """Encode whole numbers from 0 to `largest` as base64 of 1, 2 or 4 little-endian bytes each."""
    size = 1 if largest < 2**8 else 2 if largest < 2**16 else 4
    if len(values) and (values.min() < 0 or values.max() > largest):
        raise ValueError(f"{values.min()} to {values.max()} do not fit into 0 to {largest}")
    content = np.asarray(values).astype(f"<u{size}").tobytes()
    return {"bytes": size, "base64": encode_bytes(content)}


def encode_bytes(content: bytes) -> str:
    """Return base64 as text."""
    return base64.b64encode(content).decode("ascii")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
