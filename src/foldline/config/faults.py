"""Describe what is wrong with a configuration: pydantic's errors as one line for each key."""

import difflib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from foldline.config import Config
from foldline.config.sections import Section, name_of, sections_in
from foldline.text import join_words

# what the user reads for each kind of pydantic error; braces are filled from its context
EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "keys and values, such as {{a: 1}}",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:.12g} or more",
    "int_type": "a whole number",
    "invalid_key": "text as a key",
    "less_than": "less than {lt:g}",
    "less_than_equal": "{le:.12g} or less",
    "missing": "one more value",
    "model_attributes_type": "a section of keys",
    "model_type": "a section of keys",
    "path_type": "a path",
    "string_pattern_mismatch": "a plain name of letters, digits, . _ + -",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "string_type": "text",
    "too_long": "at most {max_length} values",
    "too_short": "at least one value",
    "tuple_type": "a list such as [0, 1]",
}


def describe_faults(error: ValidationError, origin_of: Callable[[Sequence[str]], str]) -> list[str]:
    """Return a line for each key: where it was set, what was expected, what was found instead.

    `origin_of` returns what the line of a key begins with, such as the file that sets it.
    """
    expected: dict[tuple[str, ...], dict[str, None]] = {}
    endings: dict[tuple[str, ...], str] = {}
    for item in error.errors():
        kind, context, found = item["type"], item.get("ctx", {}), item["input"]
        keys, section, rivals = _locate(item["loc"])
        if kind == "too_short" and found:
            continue  # follows from the faults of its values
        if kind == "extra_forbidden":
            endings[keys] = _explain_unknown(keys, section, rivals)
            continue
        if kind == "value_error":
            endings[keys] = str(context["error"])
            continue
        if kind == "union_tag_invalid":
            keys, found = (*keys, "name"), context["tag"]
        elif kind == "missing":
            keys = keys[:-1]
        listed = context.get("expected") or context.get("expected_tags", "")
        choices = re.findall(r"'([^']*)'", listed)
        named = EXPECTED[kind].format_map(context) if kind in EXPECTED else item["msg"]
        expected.setdefault(keys, {})[join_words(choices) or named] = None
        near = difflib.get_close_matches(found, choices, n=1) if isinstance(found, str) else []
        endings[keys] = f", found {show_value(found)}{_ask(near)}"
    lines = []
    for keys, ending in endings.items():
        start = f"expected {' or '.join(expected[keys])}" if keys in expected else ""
        lines.append(f"{origin_of(keys)}{'.'.join(keys)}: {start}{ending}")
    return lines


def show_value(value: Any) -> str:
    """Return the value as one would write it in YAML, shortened if it is long."""
    return shorten(repr(value) if isinstance(value, str) else json.dumps(value, default=str))


def shorten(text: str) -> str:
    """Return as much of `text` as fits beside a key on a line."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def _locate(
    location: Sequence[str | int],
) -> tuple[tuple[str, ...], type[Section] | None, Sequence[type[Section]]]:
    """Return the keys, their section, and the sections that could stand there instead.

    The names that pydantic inserts for members of a union are no keys.
    """
    keys: list[str] = []
    owner: type[Section] | None = Config
    sections: Sequence[type[Section]] = [Config]
    rivals: Sequence[type[Section]] = []
    for part in location:
        named = {name_of(each): each for each in sections} if len(sections) > 1 else {}
        if part in named:
            rivals = [each for each in sections if each is not named[part]]
            sections = [named[part]]
        elif sections or isinstance(part, int):
            keys.append(str(part))
            owner = sections[0] if sections else None
            sections = sections_in(owner, part)
    return tuple(keys), owner, rivals


def _explain_unknown(
    keys: Sequence[str], section: type[Section] | None, rivals: Sequence[type[Section]]
) -> str:
    *above, last = keys
    having = [name_of(each) for each in rivals if last in each.model_fields]
    if having and section:
        verb = "have" if len(having) > 1 else "has"
        return f"{name_of(section)} has no {last}; {join_words(having, 'and')} {verb}"
    if ":" in last:
        return "no such key; YAML needs a blank after each colon, as in {name: sgd, lr: 0.1}"
    # the same key in another section, then a similar one beside it, then a similar one elsewhere
    known = sorted(_list_keys(Config), key=lambda key: (-len(key), key))
    by_name = {key.split(".")[-1]: key for key in known}
    fields = section.model_fields if section else ()
    beside = [".".join([*above, key]) for key in difflib.get_close_matches(last, fields)]
    elsewhere = [by_name[key] for key in difflib.get_close_matches(last, by_name, cutoff=0.75)]
    same = [by_name[last]] if last in by_name else []
    return f"no such key{_ask([*same, *beside, *elsewhere])}"


def _list_keys(section: type[Section], prefix: str = "") -> set[str]:
    """Return every dotted key."""
    keys = set()
    for key in section.model_fields:
        keys.add(prefix + key)
        for inner in sections_in(section, key):
            keys |= _list_keys(inner, f"{prefix}{key}.")
    return keys


def _ask(nearest: Sequence[str]) -> str:
    return f"; did you mean {nearest[0]}?" if nearest else ""
