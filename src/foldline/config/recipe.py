"""Load a `Config` from a YAML file and `key=value` overrides, reporting every fault at once."""

import difflib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from foldline.config import Config
from foldline.config.faults import describe_faults, shorten, show_value
from foldline.config.plain_yaml import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    PlainYamlError,
    dump_plain_yaml,
    load_plain_yaml,
    resolve_plain,
)
from foldline.config.sections import is_text, sections_in
from foldline.config.values import expand_home
from foldline.errors import UserError


class _Layer(NamedTuple):
    """Settings on top of those of the layer before; faults in them begin with `origin`."""

    origin: str
    values: dict[str, Any]


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Put `path` (on top of the parent it names) and `a.b=value` overrides over the defaults.

    `run` is the file's stem unless the file or an override sets it. Raise `UserError` with a line
    for each fault, naming the dotted key.
    """
    layers = _load_layers(path) if path else []
    values, faults = _read_overrides(overrides)
    layers.append(_Layer("", values))
    merged = Config().model_dump()
    for layer in layers:
        merged = _merge(merged, layer.values, Config)
    try:
        config = Config.model_validate(merged)
    except ValidationError as error:
        faults += describe_faults(error, partial(_find_origin, layers))
        raise UserError(*faults) from None
    if faults:
        raise UserError(*faults)
    return config


def load_recorded_config(path: Path) -> Config:
    """Read the `config.yaml` of a run. Raise `UserError` if another version wrote it."""
    try:
        return load_config(path)
    except UserError as error:
        fault = f"{path}: of another version of foldline; take another run name"
        raise UserError(fault, *error.faults) from None


def dump_config(config: Config) -> str:
    """Return the resolved configuration as YAML that `load_config` reads back as an equal one."""
    return dump_plain_yaml(config.model_dump(mode="json"))


def show_setting(value: Any) -> str:
    """Return a value as it is written after `key=`."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def flatten_settings(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings by their dotted keys, such as `train.augment[0].name`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= flatten_settings(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            for position, each in enumerate(value):
                flat |= flatten_settings(each, f"{prefix}{key}[{position}].")
        else:
            flat[prefix + key] = value
    return flat


def _load_layers(path: Path) -> list[_Layer]:
    values = _load_file(path)
    parent = values.pop("parent", None)
    # a parent's own `run` is not inherited: two recipes are two runs
    layers = [_Layer(f"{path}: ", {"run": path.stem, **values})]
    if parent is not None:
        if not isinstance(parent, str):
            raise UserError(f"{path}: parent: expected one file, found {show_value(parent)}")
        try:
            parent_path = path.parent / expand_home(parent)
        except ValueError as error:
            raise UserError(f"{path}: parent: {error}") from None
        below = _load_file(parent_path, opening=f"{path}: parent: ")
        if "parent" in below:
            raise UserError(
                f"{path}: parent: {parent_path} has a parent itself; only one is allowed"
            )
        layers.insert(0, _Layer(f"{parent_path}: ", below))
    return layers


def _load_file(path: Path, *, opening: str = "") -> dict[str, Any]:
    name = f"{opening}{path}"
    try:
        if path.is_dir():
            raise UserError(f"{name}: this is a folder; name one of the configuration files in it")
        with path.open("rb") as file:
            # no more than is accepted anyway: it may be a device, or a table by mistake
            text = file.read(4 * MAX_CHARACTERS + 1).decode()
        values = load_plain_yaml(text, _read_plain)
    except FileNotFoundError:
        recipes = {
            p.stem: p for where in ("configs", path.parent) for p in Path(where).glob("*.yaml")
        }
        near = difflib.get_close_matches(path.stem, recipes, n=1)
        hint = f"did you mean {recipes[near[0]]}?" if near else "the recipes are under configs/"
        raise UserError(f"{name}: no such configuration file; {hint}") from None
    except OSError as error:
        raise UserError(f"{name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{name}: not UTF-8; save it as UTF-8 text") from None
    except ValueError as error:  # wrong YAML, or a name that no file can have
        raise UserError(f"{name}: {error}") from None
    if not isinstance(values, dict | None):
        raise UserError(f"{name}: expected keys such as train:, found {show_value(values)}")
    return values or {}


def _read_overrides(overrides: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings in `a.b=value` texts, the last for a key winning, and their faults."""
    values: dict[str, Any] = {}
    faults = []
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key:
            is_recipe = override.endswith((".yaml", ".yml"))
            hint = f"; a recipe is given by --config {override}" if is_recipe else ""
            faults.append(f"{shorten(override)}: expected key=value, such as train.epochs=5{hint}")
            continue
        *sections, last = key.split(".")
        if len(sections) > MAX_DEPTH:
            faults.append(f"{key[:60]}…: no such key")
            continue
        try:
            value = _read_override((*sections, last), text)
        except PlainYamlError as error:
            reason = str(error).removeprefix("line 1: ")
            faults.append(f"{key}: {shorten(text)} cannot be read: {reason}")
            continue
        inner: Any = values
        for section in sections:
            inner = inner.setdefault(section, {}) if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or isinstance(inner.get(last), dict):
            faults.append(f"{key}: set together with a key inside it; set one or the other")
            continue
        inner[last] = value
    return values, faults


def _read_override(keys: Sequence[str], text: str) -> Any:
    """Return the value of one override: text as typed if the key takes text, else YAML.

    Quotes around text, which YAML would ask for, do not belong to it.
    """

    def read(inner: Sequence[str], plain: str) -> Any:
        return _read_plain((*keys, *inner), plain)

    if not is_text(Config, keys)[0]:
        return load_plain_yaml(text, read)
    if text[:1] in ("'", '"'):
        try:
            value = load_plain_yaml(text, read)
        except PlainYamlError:
            return text
        return value if isinstance(value, str) else text
    return _read_plain(keys, text)


def _read_plain(keys: Sequence[str], text: str) -> Any:
    """Return what unquoted text means: itself, even `012` or `true`, if the key takes text."""
    takes_text, takes_null = is_text(Config, keys)
    if not takes_text:
        return resolve_plain(text)
    # ~ alone is the home folder if there must be a path
    return None if text in ("", "null") or (takes_null and text == "~") else text


def _merge(below: dict[str, Any], above: dict[str, Any], section: Any) -> dict[str, Any]:
    """Merge key by key, `above` winning.

    If the `name` of a section selects its keys, another name starts afresh. So does an empty
    mapping whose keys are not ours, as in `model.arguments={}`, and a key that depends on one that
    changed, as `model.arguments` does on `model.name`.
    """
    merged = dict(below)
    for key, deciding in section.depends_on.items() if section else ():
        if any(above.get(one, below.get(one)) != below.get(one) for one in deciding):
            merged[key] = section.model_fields[key].default
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            choices = sections_in(section, key)
            renamed = len(choices) > 1 and value.get("name", old.get("name")) != old.get("name")
            anew = renamed or not (choices or value)
            merged[key] = value if anew else _merge(old, value, choices[0] if choices else None)
        else:
            merged[key] = value
    return merged


def _find_origin(layers: Sequence[_Layer], keys: Sequence[str]) -> str:
    """Return the origin of the topmost layer that sets the key, or most of the path to it."""

    def depth(layer: _Layer) -> int:
        inner: Any = layer.values
        for position, key in enumerate(keys):
            if not isinstance(inner, dict) or key not in inner:
                return position
            inner = inner[key]
        return len(keys)

    top: _Layer = max(reversed(layers), key=depth)
    return top.origin
