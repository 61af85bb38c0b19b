"""The settings of what comes of a training: answers, scores, reports, and the mirror."""

from typing import Literal

from pydantic import Field

from foldline.config.values import Count, FoldNumbers, Prose, Real, Section, Text, UserPath, Whole


class Infer(Section):
    """How the submission is made."""

    folds: FoldNumbers | None = Field(
        None, description="which folds answer, such as [0, 1]; null: all, and all must be there"
    )
    flip: bool = Field(False, description="also look at each picture mirrored, and average")
    batch_size: Count = Field(64, description="pictures a forward pass")
    truth: UserPath | None = Field(None, description="the true answers, where they are known")


class Evaluate(Section):
    """How the kept checkpoints of a run are compared."""

    split: Literal["validation", "test"] = Field(
        "validation", description="each fold's validation pictures, or the test's by infer.truth"
    )
    folds: FoldNumbers | None = Field(
        None, description="whose checkpoints, such as [0, 2]; null: all there are"
    )


class Report(Section):
    """The pictures and tables of a run, and the page of all runs."""

    after_training: bool = Field(
        True, description="drawn when a fold and the run are trained; make report draws anyway"
    )
    pictures: Whole = Field(
        24, ge=0, le=240, description="pictures in mistakes.png, a quarter of them right; 0: none"
    )
    thumbnails: Real = Field(
        12.0,
        ge=0,
        le=10_000,
        description="small pictures in the page, megabytes a competition; 0: none",
    )
    cam: Whole = Field(
        0,
        ge=0,
        description="mistakes a run, the surest first, with where its network looked; 0: none",
    )


class Track(Section):
    """Weights & Biases."""

    mode: Literal["auto", "online", "offline", "disabled"] = Field(
        "auto", description="auto: online where logged in, else offline"
    )
    project: Text = Field("foldline", description="project on Weights & Biases")
    entity: Text | None = Field(None, description="team or user there; null: the account's default")
    tags: tuple[Text, ...] = Field((), description="of every W&B run, to filter by")
    notes: Prose | None = Field(None, description="a sentence about the run, shown beside it")
    pictures: bool = Field(
        True, description="thumbnails of confident mistakes and pictures of the report go along"
    )
    checkpoints: bool = Field(True, description="best.pt of every fold is kept as an artifact")
    patience: Real = Field(
        5.0,
        ge=0,
        le=86_400,
        description="seconds that the end of a command waits for what is still to send",
    )
