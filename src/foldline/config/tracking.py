"""The settings of Weights & Biases."""

from typing import Literal

from pydantic import Field

from foldline.config.sections import Section
from foldline.config.values import Prose, Real, Text


class Track(Section):
    """Weights & Biases."""

    mode: Literal["auto", "online", "offline", "disabled"] = Field(
        "auto", description="auto: online if logged in, else offline"
    )
    project: Text = Field("foldline", description="project on Weights & Biases")
    entity: Text | None = Field(None, description="team or user there; null: the account's default")
    tags: tuple[Text, ...] = Field((), description="of every W&B run, to filter by")
    notes: Prose | None = Field(None, description="a sentence about the run, shown beside it")
    pictures: bool = Field(
        True, description="also upload thumbnails of confident mistakes and the report's pictures"
    )
    checkpoints: bool = Field(True, description="keep best.pt of every fold as an artifact")
    patience: Real = Field(
        5.0, ge=0, le=86_400, description="seconds to wait at a command's end for what is unsent"
    )
