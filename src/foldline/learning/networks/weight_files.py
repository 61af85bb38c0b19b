"""Files of weights as other programs write them: read safely, and the state dict found in them."""

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from foldline.errors import UserError
from foldline.text import escape, name_some

# keys that programs put their weights under, averaged ones first, as reported scores are theirs;
# one may be nested in another
_CONTAINERS = (
    *("state_dict_ema", "ema_state_dict", "model_ema", "ema", "params_ema"),
    *("state", "state_dict", "model_state_dict", "model", "module", "net", "network"),
    *("weights", "params"),
)
_DEEPEST = 3


class _Unread:
    """Stands for an object kept beside the weights, whose content is dropped."""

    def __new__(cls, *_: object, **__: object) -> "_Unread":
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        pass


# under the names that files have for numbers and arrays of numpy, and for a program's settings, so
# that nothing in a file ever reaches numpy itself
_SAFE_GLOBALS: list[Any] = [
    (_Unread, name)
    for name in (
        *("numpy.dtype", "numpy.ndarray"),
        *("numpy.core.multiarray.scalar", "numpy.core.multiarray._reconstruct"),
        *("numpy._core.multiarray.scalar", "numpy._core.multiarray._reconstruct"),
        *("argparse.Namespace", "pathlib.PosixPath", "pathlib.WindowsPath"),
    )
]


def read_weight_file(path: Path) -> Any:
    """Read a safetensors file or one of `torch.save`, without executing anything in it.

    Settings, and numbers and arrays of numpy, become empty objects. Raises `UserError` for a file
    that is broken or holds anything else.
    """
    try:
        if path.suffix.lower() == ".safetensors":
            return safetensors.torch.load_file(path)
        with torch.serialization.safe_globals(_SAFE_GLOBALS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # whose message advises to let the file execute what it holds
        raise UserError(
            f"{path}: not a file of weights, or one that holds more than tensors and plain values"
            f"{_name_globals(path)}; save the state_dict() of its network alone"
        ) from None
    except Exception as error:  # noqa: BLE001 - a broken file makes torch raise anything
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise UserError(f"{path}: not a readable file of weights ({reason})") from None


def find_state(
    values: Mapping[str, Any], where: tuple[str, ...] = ()
) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    """Return the state dict, or an empty one, in a file's content, and the keys it is under.

    It keeps the versions of the layers, where the file has torch's own dictionary.
    """
    for key in _CONTAINERS if len(where) < _DEEPEST else ():
        if isinstance(values.get(key), dict):
            state, found = find_state(values[key], (*where, key))
            # an average of a program's own begins with its decay and the number of its steps
            if any(value.ndim for value in state.values()):
                return state, found
    state = OrderedDict(
        (key, value)
        for key, value in values.items()
        if isinstance(key, str) and isinstance(value, torch.Tensor)
    )
    vars(state).update(getattr(values, "__dict__", {}))
    return state, where


def _name_globals(path: Path) -> str:
    """Return the classes that a file of weights refers to, as ` (a.B, c.D)`; empty if unknown."""
    try:
        with torch.serialization.safe_globals(_SAFE_GLOBALS):
            names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # noqa: BLE001 - of an older or broken file
        return ""
    return f" ({escape(name_some(sorted(names)))})" if names else ""
