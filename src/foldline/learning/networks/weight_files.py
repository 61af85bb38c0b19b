"""Files of weights as programs write them: what is read, and where in it the weights stand."""

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from foldline.errors import UserError
from foldline.text import escape, name_some

# where programs put their weights, the averaged ones first, as scores are told of those; one may
# stand in another
_CONTAINERS = (
    *("state_dict_ema", "ema_state_dict", "model_ema", "ema", "params_ema"),
    *("state", "state_dict", "model_state_dict", "model", "module", "net", "network"),
    *("weights", "params"),
)
_DEEPEST = 3


class _Unread:
    """Stands for an object that people keep beside their weights; forgets all it is given."""

    def __new__(cls, *_: object, **__: object) -> "_Unread":
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        pass


# under the names that files have for numbers and arrays of numpy, and for a program's settings;
# nothing of numpy itself is given anything from a file
_SAFE_GLOBALS: list[Any] = [
    (_Unread, name)
    for name in (
        "numpy.dtype",
        "numpy.ndarray",
        *(
            f"numpy.{core}.multiarray.{function}"
            for core in ("core", "_core")
            for function in ("scalar", "_reconstruct")
        ),
        "argparse.Namespace",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
    )
]


def read_weight_file(path: Path) -> Any:
    """Return what a safetensors file or one of `torch.save` holds; nothing in it is executed.

    Settings, and numbers and arrays of numpy, come as objects that say nothing. Raises `UserError`
    for a file that is broken, or that holds more.
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
    """Return the state dict in what a file holds, and under which keys it stands; or an empty one.

    It is torch's own dictionary where the file has that, with the versions of the layers.
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
    """Return ` (a.B, c.D)`, what a file of weights wants to have built; nothing if unknown."""
    try:
        with torch.serialization.safe_globals(_SAFE_GLOBALS):
            names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # noqa: BLE001 - of an older or broken file
        return ""
    return f" ({escape(name_some(sorted(names)))})" if names else ""
