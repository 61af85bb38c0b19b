"""Tables of a report as CSV text. What is undefined for a class without pictures stays blank."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from foldline.tables import format_table

TRUE = "true class"


def format_fractions(counts: npt.NDArray[np.int64], class_names: Sequence[str]) -> str:
    """Return a row for each true class, a column for each answer: `count/pictures of the class`."""
    return _format_confusion(counts, class_names, lambda count, total: f"{count}/{total}")


def format_counts(counts: npt.NDArray[np.int64], class_names: Sequence[str]) -> str:
    """Return a row for each true class, a column for each answer: numbers of pictures."""
    return _format_confusion(counts, class_names, lambda count, _: str(count))


def format_classes(
    class_names: Sequence[str],
    *,
    precision: Sequence[float],
    recall: Sequence[float],
    f1: Sequence[float],
    support: Sequence[int],
) -> str:
    """Return a row for each class: its scores to four places, and its number of pictures."""
    columns = ([_format_score(score) for score in scores] for scores in (precision, recall, f1))
    rows = zip(range(len(class_names)), class_names, *columns, support, strict=True)
    return format_table(["label", "class", "precision", "recall", "f1", "support"], rows)


def _format_confusion(
    counts: npt.NDArray[np.int64],
    class_names: Sequence[str],
    format_cell: Callable[[int, int], str],
) -> str:
    rows = []
    for name, row in zip(class_names, counts.tolist(), strict=True):
        total = sum(row)
        rows.append([name, *(format_cell(count, total) if total else "" for count in row)])
    return format_table([TRUE, *class_names], rows)


def _format_score(score: float) -> str:
    return "" if math.isnan(score) else f"{score:.4f}"
