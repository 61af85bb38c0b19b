"""YAML without its surprises: no duplicate keys, `1e-3` is a number, `off` and `1:30` are text.

Only plain values: what settings never need (aliases, tags, merged keys, several documents) is
refused with its line, and so is what could hurt: depth, size, control characters.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import yaml

from foldline.errors import describe_error

# a recipe with every setting has a few hundredths of this
MAX_CHARACTERS = 100_000
MAX_DEPTH = 20
MAX_DIGITS = 18

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_NUMBER = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?$")
# control characters, lone surrogates, and what shows text in another order than it is written
_NEVER = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)

# returns what the unquoted text at these keys means
ReadPlain = Callable[[Sequence[str], str], Any]


class PlainYamlError(ValueError):
    """What is wrong with the text, and in which line."""


class _Dumper(yaml.SafeDumper):
    """Quotes text that YAML 1.1 readers or `load_plain_yaml` would otherwise not read as text."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - named so by PyYAML
        return True  # aliases would be refused


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER, list("-+.0123456789"))


def load_plain_yaml(text: str, read_plain: ReadPlain | None = None) -> Any:
    """Return the one value that `text` holds, of Python's plain types.

    `read_plain` decides what unquoted text means; by default `resolve_plain` does, whatever the
    keys. Raise `PlainYamlError` with a message of one line.
    """
    if len(text) > MAX_CHARACTERS:
        raise PlainYamlError(f"more than {MAX_CHARACTERS} characters; settings are short")
    found = _NEVER.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise PlainYamlError(f"line {line}: {_describe_character(found[0])}")
    try:
        return _Builder(text, read_plain or (lambda keys, plain: resolve_plain(plain))).build()
    except yaml.MarkedYAMLError as error:
        line_of = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise PlainYamlError(
            line_of + ", ".join(filter(None, [error.context, error.problem]))
        ) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise PlainYamlError(describe_error(error)) from None


def resolve_plain(text: str) -> Any:
    """Return what unquoted text means if any type is allowed, or raise `ValueError`."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text):
        if len(text.lstrip("+-")) > MAX_DIGITS:
            raise ValueError(f"a whole number of more than {MAX_DIGITS} digits")
        return int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise ValueError("a number too large to be one")
        return number
    return text


def dump_plain_yaml(value: Any) -> str:
    """Return YAML that `load_plain_yaml` and any other reader reads as `value`, keys in order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Builder:
    """Builds a value from YAML's events, so that nothing refused is ever built."""

    def __init__(self, text: str, read_plain: ReadPlain) -> None:
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)
        self._read_plain = read_plain

    def build(self) -> Any:
        next(self._events)  # of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._build(next(self._events), ())
        next(self._events)  # of the document
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            _refuse(after, "a second document begins; only one is allowed")
        return value

    def _build(self, event: Any, keys: tuple[str, ...]) -> Any:
        _require_plain(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._read(event, keys)
        if len(keys) >= MAX_DEPTH:
            _refuse(event, f"nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self._build(event, (*keys, str(len(items)))))
            return items
        return self._build_mapping(keys)

    def _build_mapping(self, keys: tuple[str, ...]) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        seen: set[str] = set()
        while True:
            event: Any = next(self._events)
            if isinstance(event, yaml.MappingEndEvent):
                return values
            _require_plain(event)
            if not isinstance(event, yaml.ScalarEvent):
                _refuse(event, "a list or a mapping stands where a key should")
            if event.value == "<<" and event.implicit[0]:
                _refuse(event, "keys are not merged here (<<); write them out")
            if event.value in seen:
                _refuse(event, f"the key {event.value} stands twice")
            seen.add(event.value)
            key = self._read(event, None)
            values[key] = self._build(next(self._events), (*keys, event.value))

    def _read(self, event: Any, keys: tuple[str, ...] | None) -> Any:
        """Return the value of a scalar, or of a key, which has no `keys`."""
        # line ends are \n here, whatever they are in the file; \r can only be an escape
        found = _NEVER.search(event.value)
        if found or "\r" in event.value:
            _refuse(event, _describe_character(found[0] if found else "\r"))
        if not event.implicit[0]:  # quoted
            return event.value
        try:
            if keys is None:
                return resolve_plain(event.value)
            return self._read_plain(keys, event.value)
        except ValueError as error:
            _refuse(event, str(error))


def _require_plain(event: Any) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        _refuse(
            event, "anchors and aliases (& and *) are not read; write the value out or quote it"
        )
    if event.tag is not None:
        _refuse(event, "tags (!) are not read; leave it out, or quote the text")


def _refuse(event: Any, problem: str) -> NoReturn:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


def _describe_character(character: str) -> str:
    return f"the character U+{ord(character):04X} does not belong in settings"
