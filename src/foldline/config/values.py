"""What a setting may be, and the sections that settings stand in."""

import re
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict


def _check_duration(value: Any) -> str:
    if not re.fullmatch(r"\d+ steps?|\d+(\.\d+)? epochs?", str(value)):
        raise ValueError(
            f"expected a number and its unit, such as 2 epochs or 500 steps, found {value!r}"
        )
    return str(value)


def _check_lasts(duration: str) -> str:
    if float(duration.partition(" ")[0]) == 0:
        raise ValueError(f"expected more than 0, found {duration!r}")
    return duration


# strict: neither true nor the text "5" passes as a number; 5 passes as a Real, 5.0 not as a Whole
Whole = Annotated[int, Strict()]
Real = Annotated[float, Strict()]
Count = Annotated[Whole, Field(ge=1)]
Rate = Annotated[Real, Field(gt=0)]
Share = Annotated[Real, Field(gt=0, le=1)]
Probability = Annotated[Real, Field(ge=0, lt=1)]
FoldNumbers = Annotated[tuple[Annotated[Whole, Field(ge=0)], ...], Field(min_length=1)]
DurationFromZero = Annotated[str, BeforeValidator(_check_duration)]
Duration = Annotated[DurationFromZero, AfterValidator(_check_lasts)]
Name = Annotated[str, Field(pattern=r"^[\w가-힣][\w가-힣.+-]*$", max_length=100)]
Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A frozen part of the configuration; unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )


def sections_in(section: Any, key: Any) -> list[type[Section]]:
    """The section that `key` holds, or those it may hold, as Adam, AdamW and SGD; else none."""
    if section is None or key not in section.model_fields:
        return []
    annotation = section.model_fields[key].annotation
    found = (annotation, *get_args(annotation))
    return [each for each in found if isinstance(each, type) and issubclass(each, Section)]


def name_of(section: type[Section]) -> str:
    """What chooses this section among others: `adamw` for AdamW."""
    return str(section.model_fields["name"].default)
