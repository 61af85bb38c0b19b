"""The settings of the report."""

from pydantic import Field

from foldline.config.sections import Section
from foldline.config.values import Real, Whole


class Report(Section):
    """The pictures and tables of a run, and the page of all runs."""

    after_training: bool = Field(
        True, description="draw after each fold and the whole run; make report draws in any case"
    )
    pictures: Whole = Field(
        24, ge=0, le=240, description="pictures in mistakes.png, a quarter of them right; 0: none"
    )
    thumbnails: Real = Field(
        12.0, ge=0, le=10_000, description="in the page, megabytes per competition; 0: none"
    )
    cam: Whole = Field(
        0, ge=0, description="confident mistakes per run, with where the network looked; 0: none"
    )
