"""Values of a log that are more than a number, as plain dictionaries for the process of wandb."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

Media = dict[str, Any]


def build_picture(path: Path, caption: str) -> Media:
    """A picture file as it is."""
    return {"picture": str(path.resolve()), "caption": caption}


def build_thumbnail(path: Path) -> Media:
    """A picture file, shrunk to 128 pixels at the most; made where wandb lives."""
    return {"thumbnail": str(path.resolve())}


def build_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Media:
    """Cells may be numbers, texts, None or thumbnails."""
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


def build_confusion_matrix(
    labels: Sequence[int], answers: Sequence[int], classes: Sequence[str]
) -> Media:
    """W&B's own chart of `labels` `[N]` against `answers` `[N]`."""
    return {"labels": list(labels), "answers": list(answers), "classes": list(classes)}
