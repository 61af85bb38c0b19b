"""The settings of the submission and of scoring checkpoints."""

from typing import Literal

from pydantic import Field

from foldline.config.sections import Section
from foldline.config.values import Count, FoldNumbers, UserPath


class Infer(Section):
    """How the submission is made."""

    folds: FoldNumbers | None = Field(
        None, description="which folds answer, such as [0, 1]; null: all, and all must be trained"
    )
    flip: bool = Field(False, description="average each answer with that for the mirrored picture")
    batch_size: Count = Field(64, description="pictures per forward pass")
    truth: UserPath | None = Field(None, description="the true answers, if they are known")


class Evaluate(Section):
    """How the kept checkpoints of a run are compared."""

    split: Literal["validation", "test"] = Field(
        "validation",
        description="score on each fold's validation pictures, or on the test by infer.truth",
    )
    folds: FoldNumbers | None = Field(
        None, description="whose checkpoints, such as [0, 2]; null: all there are"
    )
