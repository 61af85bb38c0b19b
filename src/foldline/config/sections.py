"""Sections of settings, and what can be asked about their keys."""

import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen part of the configuration; unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )

    # for each key that loses its meaning when others change, those others
    depends_on: ClassVar[Mapping[str, Sequence[str]]] = {}


def sections_in(section: Any, key: Any) -> list[type[Section]]:
    """Return the section that `key` holds, or all it may hold, such as Adam, AdamW and SGD."""
    if section is None or key not in section.model_fields:
        return []
    found = _list_types(section, key)
    return [each for each in found if isinstance(each, type) and issubclass(each, Section)]


def name_of(section: type[Section]) -> str:
    """Return the name that selects this section among others: `adamw` for AdamW."""
    return str(section.model_fields["name"].default)


def is_text(section: type[Section], keys: Sequence[str]) -> tuple[bool, bool]:
    """Return whether the value at `keys` is text or a path, and whether it may be null."""
    sections, found = [section], set[Any]()
    for depth, key in enumerate(keys):
        having = [each for each in sections if key in each.model_fields]
        sections = [inner for each in having for inner in sections_in(each, key)]
        if not sections:
            types_there = {one for each in having for one in _list_types(each, key)}
            found = _list_inner(types_there, len(keys) - depth - 1)
            break
    given = found - {types.NoneType}
    return bool(given) and given <= {str, Path}, types.NoneType in found


def _list_types(section: type[Section], key: str) -> list[Any]:
    return _flatten(section.model_fields[key].annotation)


def _flatten(annotation: Any) -> list[Any]:
    """Return the members of a union, without annotations."""
    if get_origin(annotation) is Annotated:
        return _flatten(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [each for member in get_args(annotation) for each in _flatten(member)]
    return [annotation]


def _list_inner(members: set[Any], depth: int) -> set[Any]:
    """Return the types inside the tuples among `members`, `depth` levels down."""
    for _ in range(depth):
        held = [item for each in members if get_origin(each) is tuple for item in get_args(each)]
        members = {one for item in held if item is not ... for one in _flatten(item)}
    return members
