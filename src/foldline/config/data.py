"""The settings of the data: where they are, how they are read, who validates what."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from foldline.config.sections import Section
from foldline.config.values import InnerPath, Name, Seed, Share, Text, UserPath, Whole

# the height or width of what the network sees, pixels
_Side = Annotated[Whole, Field(ge=1, le=8192)]


class Sample(Section):
    """The drawn competition, at data.root if a recipe or data.root itself is given."""

    people: Whole = Field(
        440, ge=18, le=100_000, description="people to train on, with seven pictures each"
    )
    eval_people: Whole = Field(60, ge=18, le=100_000, description="other people to be scored on")
    seed: Seed = Field(0, description="another seed draws another competition")


class Data(Section):
    """The pictures and how they are read."""

    depends_on: ClassVar[Mapping[str, Sequence[str]]] = {"pattern": ("scheme",)}

    root: UserPath = Field(Path("inputs/mask"), description="competition folder, never written")
    name: Name | None = Field(None, description="folder in outputs/prepared; default: root's last")
    scheme: Literal["mask", "folder", "filename"] = Field(
        "mask", description="how labels are read: the mask competition, folders, or file names"
    )
    pattern: Text = Field(
        "{label}.{id}", description="filename scheme: fields {label}, {id}, {group}; no extension"
    )
    train_dir: InnerPath | None = Field(
        None, description="training pictures under root; default: scheme's"
    )
    test_dir: InnerPath | None = Field(
        None, description="test pictures under root; default: scheme's"
    )
    valid_dir: InnerPath | None = Field(
        None, description="validation pictures under root, for folds.kind=given and nothing else"
    )
    sample_file: InnerPath | None = Field(
        None,
        description="sample submission under root; default: sample_submission.csv, else looked for",
    )
    submission_columns: tuple[Text, Text] | None = Field(
        None, description="[id, label] if there is no sample file; default: scheme's"
    )
    submission_labels: Literal["auto", "names", "numbers"] = Field(
        "auto",
        description="classes by name or number (their own, else from 0); auto: as the sample file",
    )
    image_size: tuple[_Side, _Side] = Field(
        (128, 96), description="what the network sees: [height, width], pixels"
    )
    crop: tuple[Share, Share] | None = Field(
        None,
        description="centre crop before resizing: shares of [height, width]; null: whole picture",
    )
    verify: Literal["header", "decode"] = Field(
        "header",
        description="check header and end marker, or read every picture whole and find damage",
    )
    on_bad_image: Literal["reject", "fail"] = Field(
        "reject", description="leave out and count pictures that cannot be read, or stop"
    )
    train_age_cut: Whole | None = Field(
        None, ge=31, le=60, description="mask: trained as the oldest class from this age; null: 60"
    )
    corrections: UserPath | None = Field(
        None, description="CSV `target,part,value` that corrects labels, for training only"
    )

    @field_validator("pattern")
    @classmethod
    def _pattern_is_for_file_names(cls, pattern: str, others: ValidationInfo) -> str:
        scheme = others.data.get("scheme", "filename")  # absent where it is faulty itself
        if scheme != "filename" and pattern != cls.model_fields["pattern"].default:
            raise ValueError(
                f"{pattern!r} is for data.scheme=filename, found {scheme}; set that, or leave it"
            )
        return pattern

    @field_validator("submission_columns")
    @classmethod
    def _columns_differ(cls, columns: tuple[str, str] | None) -> tuple[str, str] | None:
        if columns and columns[0] == columns[1]:
            raise ValueError("the id and the label need columns of different names")
        return columns


class Folds(Section):
    """Who validates what."""

    number: Whole = Field(5, ge=2, le=100, description="folds")
    kind: Literal["group", "image", "holdout", "given"] = Field(
        "group",
        description="by person; by image (a lie, to show it); holdout: only one fold is scored; "
        "given: data.valid_dir is scored",
    )
    seed: Seed = Field(0, description="another seed assigns the people anew")


def name_data(name: str | None, root: Path) -> str:
    """Return `name`, or the last folder of `root`; a link counts by its own name."""
    return name or Path(os.path.abspath(root)).name  # noqa: PTH100
