"""From a YAML file and `key=value` overrides to a `Config`, with every fault reported at once."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from foldline.config import Config
from foldline.errors import UserError


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Read `path` (and the parent it names), apply `a.b=value` overrides, validate.

    Raises `UserError` with one line per fault, each naming the dotted key.
    """
    values: dict[str, Any] = {}
    if path is not None:
        values = _load_yaml(path)
        values.setdefault("run", path.stem)
    faults = []
    for override in overrides:
        fault = _apply_override(values, override)
        if fault:
            faults.append(fault)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        origin = str(path) if path else "configuration"
        raise UserError(*faults, *_describe(error, origin)) from None
    if faults:
        raise UserError(*faults)
    return config


def dump_config(config: Config) -> str:
    """The resolved configuration as YAML that `load_config` reads back to an equal one."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _load_yaml(path: Path, *, is_parent: bool = False) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(f"{path}: no such configuration file; the recipes are under configs/")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise UserError(f"{path}: expected keys such as `train:`, found {type(values).__name__}")
    parent = values.pop("parent", None)
    if parent is None:
        return values
    if is_parent:
        raise UserError(f"{path}: parent: a parent may not have a parent of its own")
    if not isinstance(parent, str):
        raise UserError(f"{path}: parent: expected the name of one file, found {parent!r}")
    return _merge(_load_yaml(path.parent / parent, is_parent=True), values)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`above` wins key by key; a section with another `name` replaces the whole section."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        if both and value.get("name", old.get("name")) == old.get("name"):
            merged[key] = _merge(old, value)
        else:
            merged[key] = value
    return merged


def _apply_override(values: dict[str, Any], override: str) -> str | None:
    """Set one `a.b=value` in place; gives the fault, if it is one."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        return f"{override}: expected key=value, such as train.epochs=5"
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return f"{key}: {text!r} is not valid YAML"
    *sections, last = key.split(".")
    for section in sections:
        inner = values.get(section)
        values[section] = dict(inner) if isinstance(inner, dict) else {}
        values = values[section]
    values[last] = value
    return None


def _describe(error: ValidationError, origin: str) -> list[str]:
    """One line per key: what it may not be, and the nearest key that exists."""
    messages: dict[str, list[str]] = {}
    for item in error.errors():
        key = _dotted(item["loc"])
        if item["type"] == "extra_forbidden":
            message = f"no such key{_suggest(key)}"
        else:
            text = item["msg"].removeprefix("Value error, ")
            message = f"{text[:1].lower()}{text[1:]}, found {_shorten(item['input'])}"
        messages.setdefault(key, []).append(message)
    return [f"{origin}: {key}: {' or '.join(texts)}" for key, texts in messages.items()]


def _dotted(keys: Sequence[str | int]) -> str:
    """`train.optimizer.lr`: without the names pydantic puts in for the members of a union."""
    kept: list[str] = []
    annotation: Any = Config
    for position, key in enumerate(keys):
        fields = _fields_of(annotation)
        members = {m.model_fields["name"].default: m for m in get_args(annotation) if _fields_of(m)}
        if key in fields:
            annotation = fields[str(key)]
        elif key in members:
            annotation = members[key]
            continue
        elif isinstance(key, str) and not (fields and position == len(keys) - 1):
            continue
        kept.append(str(key))
    return ".".join(kept)


def _fields_of(annotation: Any) -> dict[str, Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {name: field.annotation for name, field in annotation.model_fields.items()}
    return {}


def _suggest(key: str) -> str:
    close = difflib.get_close_matches(key, sorted(_all_keys(Config)), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _all_keys(model: Any, prefix: str = "") -> set[str]:
    keys: set[str] = set()
    for name, annotation in _fields_of(model).items():
        keys.add(prefix + name)
        for inner in (annotation, *get_args(annotation)):
            keys |= _all_keys(inner, f"{prefix}{name}.")
    return keys


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
