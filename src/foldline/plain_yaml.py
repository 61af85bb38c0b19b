"""YAML without its surprises: no key twice, `1e-3` is a number, `off` and `1:30` are text."""

import re
from typing import Any

import yaml

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_NUMBER = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?$")


class PlainYamlError(ValueError):
    """What is wrong with the text, and in which line of it."""


class _Loader(yaml.SafeLoader):
    # PyYAML's own rules are those of YAML 1.1; these are the few of YAML 1.2 that settings need
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - declared so by PyYAML

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value} stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.1 readers and `_Loader` would otherwise not read back as text."""


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("(~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))
for _reader_or_writer in (_Loader, _Dumper):
    _reader_or_writer.add_implicit_resolver(
        "tag:yaml.org,2002:float", _NUMBER, list("-+.0123456789")
    )


def load_plain_yaml(text: str) -> Any:
    """The one value that `text` holds, of Python's plain types.

    Raises `PlainYamlError`, in one line.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise PlainYamlError(
            line + ", ".join(filter(None, [error.context, error.problem]))
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise PlainYamlError(" ".join(str(error).split())) from None


def dump_plain_yaml(value: Any) -> str:
    """YAML that `load_plain_yaml` and any other reader gives back as `value`, keys in order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
