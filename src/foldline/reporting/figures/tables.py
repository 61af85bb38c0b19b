"""Tables of a report as CSV text. What is undefined for a class without pictures stays blank."""

import math
from collections.abc import Sequence

from foldline.metrics.confusion import ClassScores, Confusion
from foldline.tables import format_table

TRUE = "true class"


def format_confusion(counts: Confusion, class_names: Sequence[str], *, fractions: bool) -> str:
    """Return a row for each true class, a column for each answer: numbers of pictures.

    With `fractions` they are `count/pictures of the class`.
    """
    rows = []
    for name, row in zip(class_names, counts.tolist(), strict=True):
        of_all = f"/{sum(row)}" if fractions else ""
        rows.append([name, *(f"{count}{of_all}" if any(row) else "" for count in row)])
    return format_table([TRUE, *class_names], rows)


def format_classes(class_names: Sequence[str], scores: ClassScores) -> str:
    """Return a row for each class: its scores to four places, and its number of pictures."""
    columns = (
        ["" if math.isnan(score) else f"{score:.4f}" for score in column]
        for column in (scores.precision, scores.recall, scores.f1)
    )
    rows = zip(range(len(class_names)), class_names, *columns, scores.support, strict=True)
    return format_table(["label", "class", "precision", "recall", "f1", "support"], rows)
