"""What a setting may be, and the sections that settings stand in."""

import re
import types
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticKnownError

from foldline.metrics.metric import METRICS
from foldline.spelling import find_typed
from foldline.text import has_control_characters

# what file systems take: bytes of one name, and of a whole path
_MAX_NAME_BYTES = 255
_MAX_PATH_BYTES = 4000
# below that of one name, so that a file named after it may have an ending and a temporary name
_MAX_RUN_BYTES = 200
# of any whole number that is not a seed
_MAX_WHOLE = 10**9


def _check_magnitude(number: int) -> int:
    # not Field(le=…), which would take the place of a narrower one where both are given
    if number > _MAX_WHOLE:
        raise PydanticKnownError("less_than_equal", {"le": _MAX_WHOLE})
    return number


def _check_duration(value: Any) -> str:
    if not re.fullmatch(r"[0-9]{1,9} steps?|[0-9]{1,9}(\.[0-9]{1,9})? epochs?", str(value)):
        raise ValueError(
            f"expected a number and its unit, such as 2 epochs or 500 steps, found {value!r}"
        )
    return str(value)


def _check_lasts(duration: str) -> str:
    if float(duration.partition(" ")[0]) == 0:
        raise ValueError(f"expected more than 0, found {duration!r}")
    return duration


def _check_one_line(text: str) -> str:
    if has_control_characters(text):
        raise ValueError(f"expected one line without control characters, found {text!r}")
    return text


def _check_prose(text: str) -> str:
    _check_one_line(text.replace("\n", " ").replace("\t", " "))
    return text


def _check_lengths(path: str) -> str:
    """Raise `ValueError` for what no file system takes, before anything is opened."""
    names = [len(name.encode(errors="replace")) for name in path.split("/")]
    if max(names) > _MAX_NAME_BYTES or sum(names) + len(names) > _MAX_PATH_BYTES:
        raise ValueError(
            f"expected names of at most {_MAX_NAME_BYTES} bytes each, {_MAX_PATH_BYTES} together, "
            f"found {path[:50]!r} … of {len(path)} characters"
        )
    return path


def expand_home(path: str) -> str:
    """`path` with the home folder for a leading ~, as shells have it. Raises `ValueError`."""
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError:
        raise ValueError(f"there is no home folder that {path.partition('/')[0]} names") from None


def _read_path(value: Any) -> Any:
    if not isinstance(value, str | Path):
        return value
    if value == "":
        raise ValueError("expected a path, found nothing")
    return Path(find_typed(_check_lengths(_check_one_line(expand_home(str(value))))))


def _check_metric(key: str) -> str:
    if key not in METRICS:
        *most, last = (repr(one) for one in METRICS)
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(most)} or {last}"})
    return key


def _compose(value: Any) -> Any:
    """A name typed or completed on macOS is stored decomposed; one name is one folder."""
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def _check_run_length(name: str) -> str:
    if len(name.encode()) > _MAX_RUN_BYTES:
        raise ValueError(
            f"expected at most {_MAX_RUN_BYTES} bytes, found {len(name.encode())}: "
            "letters other than English take 2 to 4 each"
        )
    return name


# strict: neither true nor the text "5" passes as a number; 5 passes as a Real, 5.0 not as a Whole
Whole = Annotated[int, Strict(), AfterValidator(_check_magnitude)]
Real = Annotated[float, Strict()]
Seed = Annotated[int, Strict(), Field(ge=0, le=10**18)]
Count = Annotated[Whole, Field(ge=1)]
Rate = Annotated[Real, Field(gt=0)]
Share = Annotated[Real, Field(gt=0, le=1)]
Probability = Annotated[Real, Field(ge=0, lt=1)]
FoldNumbers = Annotated[tuple[Annotated[Whole, Field(ge=0)], ...], Field(min_length=1)]
DurationFromZero = Annotated[str, BeforeValidator(_check_duration)]
Duration = Annotated[DurationFromZero, AfterValidator(_check_lasts)]
Name = Annotated[
    str,
    Field(pattern=r"^[\w가-힣][\w가-힣.+-]*$", max_length=100),
    AfterValidator(_check_run_length),
    BeforeValidator(_compose),
]
Text = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_check_one_line)]
Prose = Annotated[str, Field(max_length=10_000), AfterValidator(_check_prose)]
# a folder in another one; and a file's name that may have ~ and other words in its place
InnerPath = Annotated[Text, AfterValidator(_check_lengths)]
PathOrWord = Annotated[
    Text, AfterValidator(expand_home), AfterValidator(_check_lengths), AfterValidator(find_typed)
]
MetricKey = Annotated[str, AfterValidator(_check_metric)]
UserPath = Annotated[Path, BeforeValidator(_read_path)]


class Section(BaseModel):
    """A frozen part of the configuration; unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )

    # keys that mean nothing once another key, which stands behind them, has another value
    depends_on: ClassVar[Mapping[str, Sequence[str]]] = {}


def sections_in(section: Any, key: Any) -> list[type[Section]]:
    """The section that `key` holds, or those it may hold, as Adam, AdamW and SGD; else none."""
    if section is None or key not in section.model_fields:
        return []
    found = _list_types(section, key)
    return [each for each in found if isinstance(each, type) and issubclass(each, Section)]


def name_of(section: type[Section]) -> str:
    """What chooses this section among others: `adamw` for AdamW."""
    return str(section.model_fields["name"].default)


def is_text(section: type[Section], keys: Sequence[str]) -> tuple[bool, bool]:
    """Whether what stands at `keys` is text or a path and nothing else; whether it may be null."""
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
    """The members of a union, without what annotates them."""
    if get_origin(annotation) is Annotated:
        return _flatten(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [each for member in get_args(annotation) for each in _flatten(member)]
    return [annotation]


def _list_inner(members: set[Any], depth: int) -> set[Any]:
    """What the tuples among `members` hold, `depth` times."""
    for _ in range(depth):
        held = [item for each in members if get_origin(each) is tuple for item in get_args(each)]
        members = {one for item in held if item is not ... for one in _flatten(item)}
    return members
