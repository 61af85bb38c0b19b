"""The types of settings: what a value may be."""

import re
import unicodedata
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, Strict
from pydantic_core import PydanticKnownError

from foldline.metrics.metric import METRICS
from foldline.spelling import find_typed
from foldline.text import has_control_characters

# limits of file systems: bytes of one name, and of a whole path
_MAX_NAME_BYTES = 255
_MAX_PATH_BYTES = 4000
# less than a name may have, so that files named after the run fit, with extension and suffix
_MAX_RUN_BYTES = 200
# the limit of whole numbers other than seeds
_MAX_WHOLE = 10**9


def _check_magnitude(number: int) -> int:
    # not Field(le=…), which would replace a narrower one given with it
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
    """Raise `ValueError` for a path too long for file systems, before anything is opened."""
    names = [len(name.encode(errors="replace")) for name in path.split("/")]
    if max(names) > _MAX_NAME_BYTES or sum(names) + len(names) > _MAX_PATH_BYTES:
        raise ValueError(
            f"expected names of at most {_MAX_NAME_BYTES} bytes each, {_MAX_PATH_BYTES} together, "
            f"found {path[:50]!r} … of {len(path)} characters"
        )
    return path


def expand_home(path: str) -> str:
    """Return `path` with a leading ~ expanded as shells do, or raise `ValueError`."""
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
    """Compose a name, as macOS may type it decomposed, and one name is one folder."""
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
# a path inside a folder; and a file's path, or a word in its place
InnerPath = Annotated[Text, AfterValidator(_check_lengths)]
PathOrWord = Annotated[
    Text, AfterValidator(expand_home), AfterValidator(_check_lengths), AfterValidator(find_typed)
]
MetricKey = Annotated[str, AfterValidator(_check_metric)]
UserPath = Annotated[Path, BeforeValidator(_read_path)]
