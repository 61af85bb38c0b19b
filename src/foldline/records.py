"""JSON files that outlive their command: the one reader, with a model of what they hold."""

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foldline.errors import UserError

# larger numbers come from damage; as integers they would break arithmetic with floats
LARGEST_FIGURE = 1e15
Figure = Annotated[float, Field(ge=-LARGEST_FIGURE, le=LARGEST_FIGURE)]
Count = Annotated[int, Field(ge=0, le=10**15)]
Share = Annotated[float, Field(ge=0, le=1)]
# the type of an error within a value, whose message begins with the rest of the key
INNER = "inner"


class Record(BaseModel):
    """What a file holds: each value has its type, every number is finite.

    Unknown keys are ignored, as another version may have written them.
    """

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore")


AnyRecord = TypeVar("AnyRecord", bound=Record)


def load_record(path: Path, model: type[AnyRecord], *, remedy: str) -> AnyRecord | None:
    """Read the JSON object in `path`; return None if there is no such file.

    Raise `UserError` for a damaged one, with the file, what is wrong in it, and `remedy`.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; {remedy}") from None
    return parse_record(content, model, where=str(path), remedy=remedy)


def parse_record(content: bytes, model: type[AnyRecord], *, where: str, remedy: str) -> AnyRecord:
    """Read a JSON object, or raise `UserError` that begins with `where` and ends with `remedy`."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise UserError(f"{where}: {describe_damage(error)}; {remedy}") from None


def describe_damage(error: ValidationError) -> str:
    """Return the first thing that is wrong, such as `out_of_fold.macro_f1: expected a number`."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    key = ".".join(map(str, first["loc"]))
    what = first["msg"].replace("Input should be", "expected").replace("Field required", "missing")
    if first["type"] == INNER:
        return f"{key}.{what}" if key else what
    if first["type"] == "value_error":  # from one of our own checks, which names the key itself
        return what.removeprefix("Value error, ")
    return f"{key}: {what}" if key else f"cannot be read: {what}"
