"""The files of a report, each with what makes it, from the files of the training."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from foldline.data.decode import BadImageError, Pixels, load_image
from foldline.data.prepared import Prepared
from foldline.metrics.confusion import (
    Counts,
    compute_class_scores,
    count_confusion,
    merge_classes,
)
from foldline.metrics.metric import compute_scores
from foldline.reporting.figures.classes import draw_classes
from foldline.reporting.figures.confusion import draw_confusion
from foldline.reporting.figures.curves import build_curve, draw_curves
from foldline.reporting.figures.figure import Figure, to_png
from foldline.reporting.figures.grid import Answered, choose_pictures, draw_grid
from foldline.reporting.figures.tables import format_classes, format_counts, format_fractions
from foldline.runs.metrics_log import load_metrics
from foldline.runs.out_of_fold import OutOfFold, join_out_of_fold, load_out_of_fold
from foldline.runs.paths import FoldFolder

# the pictures of the grid are decoded at no less than this height and width
_AT_LEAST = (352, 352)

Maker = Callable[[], bytes]
Files = dict[str, Maker]


def build_files(
    prepared: Prepared, folds: Sequence[FoldFolder], *, of: str, root: Path, num_pictures: int
) -> Files:
    """The names of the files of a report on `folds`, joined, with what makes each of them.

    `of` says what the report is on, such as `fold 0`. Raises `UserError` where the out-of-fold
    files cannot be read; the other files are read once they are needed.
    """
    parts = [load_out_of_fold(fold.oof) for fold in folds]
    oof = join_out_of_fold(parts, prepared.train["path"].tolist())
    answers, num_classes = oof.probs.argmax(axis=1), len(prepared.class_names)
    counts = count_confusion(oof.labels, answers, num_classes)
    scores = compute_scores(oof.labels, oof.probs)
    title = f"{of}, {len(answers):,} validation pictures"
    scored = f"{title}: macro-F1 {scores['macro_f1']:.3f}, accuracy {scores['accuracy']:.3f}"
    files = _list_confusions(prepared, counts, title=title, scored=scored)
    files["curves.png"] = partial(_draw_curves, folds, of)
    if num_pictures:
        files["mistakes.png"] = partial(
            _draw_mistakes, prepared, oof, of=of, root=root, number=num_pictures
        )
    by_class = vars(compute_class_scores(oof.labels, answers, num_classes))
    files["classes.csv"] = lambda: format_classes(prepared.class_names, **by_class).encode()
    files["classes.png"] = _png(draw_classes, prepared.class_names, **by_class, title=scored)
    return files


def _list_confusions(prepared: Prepared, counts: Counts, *, title: str, scored: str) -> Files:
    """The tables and heatmaps of the classes, and a heatmap for each part they are made of."""
    names = prepared.class_names
    files: Files = {
        "confusion.csv": lambda: format_fractions(counts, names).encode(),
        "confusion_counts.csv": lambda: format_counts(counts, names).encode(),
        "confusion.png": _png(draw_confusion, counts, names, title=scored),
    }
    for part, of_class in prepared.label_attributes.items():
        values = list(dict.fromkeys(of_class))
        merged = merge_classes(counts, [values.index(value) for value in of_class])
        right = merged.trace() / merged.sum()
        files[f"confusion_{part}.png"] = _png(
            draw_confusion,
            merged,
            values,
            title=f"{title}\n{part}: accuracy {right:.3f}",
            what=part,
        )
    return files


def _draw_curves(folds: Sequence[FoldFolder], of: str) -> bytes:
    curves = [build_curve(load_metrics(fold.metrics)) for fold in folds]
    return to_png(lambda: draw_curves(curves, title=of))


def _draw_mistakes(
    prepared: Prepared, oof: OutOfFold, *, of: str, root: Path, number: int
) -> bytes:
    labels, probs = oof.labels, oof.probs
    answers = probs.argmax(axis=1)
    paths = oof.table["path"].tolist()
    pictures = [
        Answered(
            pixels=_read(root / paths[row]),
            path=paths[row],
            row=row,
            truth=int(labels[row]),
            answer=int(answers[row]),
            prob=float(probs[row].max()),
        )
        for row in choose_pictures(labels, probs, number)
    ]
    wrong = int((answers != labels).sum())
    title = f"{of}: {wrong:,} of {len(labels):,} wrong, most confident mistakes first"
    return to_png(lambda: draw_grid(pictures, prepared.class_names, title=title))


def _read(path: Path) -> Pixels | None:
    try:
        return load_image(path, _AT_LEAST)
    except BadImageError:
        return None


def _png(draw: Callable[..., Figure], *arguments: object, **settings: object) -> Maker:
    return lambda: to_png(lambda: draw(*arguments, **settings))
