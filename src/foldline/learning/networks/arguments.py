"""`model.arguments`: values of the user for a network's constructor, in place of its own."""

import difflib
import inspect
import json
import types
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Union

from pydantic import TypeAdapter, ValidationError
from torch import nn

from foldline.errors import UserError

# set elsewhere
_FIXED = {
    "num_classes": "the number of classes is that of the data",
    "weights": "weights are chosen by model.weights",
    "pretrained": "weights are chosen by model.weights",
    "aux_logits": "auxiliary heads are not trained here",
    "in_chans": "pictures have three channels",
}

_PLAIN = (int, float, bool, str, type(None))


def check_arguments(kind: type[nn.Module], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return `arguments` as the constructor of `kind` takes them, lists as tuples where it does.

    Raises `UserError` with a line for each argument that it does not take or of another type.
    """
    known = _list_known(kind)
    checked, faults = {}, []
    for key, value in arguments.items():
        if key in _FIXED:
            faults.append(f"model.arguments.{key}: {_FIXED[key]}; leave it out")
        elif key not in known:
            faults.append(_explain_unknown(key, kind, known))
        else:
            try:
                # as JSON, where a list may stand for a tuple, but neither "1" nor true for 1
                text = json.dumps(value)
                checked[key] = TypeAdapter(known[key]).validate_json(text, strict=True)
            except (ValidationError, TypeError):
                expected = _describe(known[key])
                faults.append(f"model.arguments.{key}: expected {expected}, found {value!r}")
    if faults:
        raise UserError(*faults)
    return checked


@contextmanager
def overriding(kind: type[nn.Module], arguments: Mapping[str, Any]) -> Iterator[None]:
    """Pass `arguments` to the first `kind` constructed in the block, over the builder's own.

    Builders of libraries fix some arguments of the class, as `densenet121` does its
    `block_config`, and refuse them from callers. The builder's other arguments stay.
    """
    construct: Any = kind.__init__
    signature = inspect.signature(construct)
    # what the class only passes on to the one it is made from
    passed_on = "".join(p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD)
    left = [arguments]

    def construct_with(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        bound = signature.bind(self, *args, **kwargs)
        for key, value in (left.pop() if left else {}).items():
            if key in signature.parameters:
                bound.arguments[key] = value
            else:
                bound.arguments.setdefault(passed_on, {})[key] = value
        construct(*bound.args, **bound.kwargs)

    setattr(kind, "__init__", construct_with)  # noqa: B010 - mypy forbids it as an assignment
    try:
        yield
    finally:
        setattr(kind, "__init__", construct)  # noqa: B010


def _list_known(kind: type[nn.Module]) -> dict[str, Any]:
    """Return the arguments of a constructor that plain values can express, with their types.

    They include those of the parent class where the constructor passes unknown ones on.
    """
    known: dict[str, Any] = {}
    for one in kind.__mro__:
        construct: Any = vars(one).get("__init__")
        if construct is None:
            continue
        parameters = list(inspect.signature(construct).parameters.values())[1:]
        known = _list_own(construct, parameters) | known
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return known


def _list_own(construct: Any, parameters: Sequence[inspect.Parameter]) -> dict[str, Any]:
    try:
        hints = typing.get_type_hints(construct)
    except NameError:  # a type that the module knows only while it is checked
        hints = {}
    known = {}
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        plain = _reduce(hints.get(parameter.name, _guess(parameter.default)))
        if plain is not None and parameter.name not in _FIXED:
            known[parameter.name] = plain
    return known


def _guess(default: Any) -> Any:
    """Return the type of an unannotated argument, by its default."""
    if isinstance(default, tuple):
        return tuple[Any, ...]
    return type(default) if isinstance(default, bool | int | float | str) else Any


def _reduce(hint: Any) -> Any:
    """Return the part of a type that YAML can express, or None, as for classes."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in _PLAIN or hint is Any or origin is typing.Literal:
        return hint
    if origin in (Union, types.UnionType):
        kept = [one for one in map(_reduce, inner) if one is not None]
        # None alone would only mean that the user may leave it out
        return Union[tuple(kept)] if any(one is not type(None) for one in kept) else None  # noqa: UP007
    if origin in (tuple, list, Sequence) and None not in [
        _reduce(o) for o in inner if o is not ...
    ]:
        return hint
    return None


def _explain_unknown(key: str, kind: type[nn.Module], known: Collection[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return (
        f"model.arguments.{key}: {kind.__name__} has no such argument that can be set here; "
        f"{hint}it has {', '.join(sorted(known)) or 'none'}"
    )


def _describe(hint: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    if hint in names:
        return names[hint]
    origin = typing.get_origin(hint)
    inner = [one for one in typing.get_args(hint) if one is not ...]
    if hint is type(None):
        return "null"
    if origin is typing.Literal:
        return " or ".join(map(str, inner))
    if origin in (Union, types.UnionType):
        return " or ".join(_describe(one) for one in inner)
    if origin is tuple and ... not in typing.get_args(hint):
        return f"a list of {len(inner)} values"
    return "a list" if origin else "a plain value"
