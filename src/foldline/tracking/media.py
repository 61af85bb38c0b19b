"""Values of a row that are more than a number, as plain dictionaries for any tracker to draw."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

Media = dict[str, Any]


def build_picture(path: Path, caption: str) -> Media:
    """Return a picture file as it is."""
    return {"picture": str(path.resolve()), "caption": caption}


def build_thumbnail(path: Path) -> Media:
    """Return a picture file to be shrunk to 128 pixels at most by the tracker."""
    return {"thumbnail": str(path.resolve())}


def build_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Media:
    """Return a table, whose cells may be numbers, texts, None or thumbnails."""
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


def build_confusion_matrix(
    labels: Sequence[int], answers: Sequence[int], classes: Sequence[str]
) -> Media:
    """Return a chart of `labels` `[N]` against `answers` `[N]`."""
    return {"labels": list(labels), "answers": list(answers), "classes": list(classes)}
