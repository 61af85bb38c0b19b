"""The files of a report on a fold or a run, each with what makes it from the files of training."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from foldline.data.prepared import Prepared
from foldline.metrics.confusion import (
    Confusion,
    compute_class_scores,
    count_confusion,
    merge_classes,
)
from foldline.metrics.metric import METRICS, Metric, compute_scores
from foldline.reporting.figures.classes import draw_classes
from foldline.reporting.figures.confusion import draw_confusion
from foldline.reporting.figures.curves import draw_curves
from foldline.reporting.figures.figure import Figure, to_png
from foldline.reporting.figures.grid import Answered, choose_pictures, draw_grid
from foldline.reporting.figures.tables import format_classes, format_confusion
from foldline.reporting.learning_curves import build_curve
from foldline.reporting.page_pictures import load_or_none
from foldline.runs.metrics_log import load_metrics
from foldline.runs.out_of_fold import OutOfFold, join_out_of_fold, load_out_of_fold

# the pictures of the grid are decoded at no less than this height and width
_AT_LEAST = (352, 352)

Maker = Callable[[], bytes]
Files = dict[str, Maker]


def build_files(
    prepared: Prepared,
    out_of_fold: Sequence[Path],
    histories: Sequence[Path],
    *,
    of: str,
    metric: Metric,
    root: Path,
    num_pictures: int,
) -> Files:
    """Return the names of the files of a report, with what makes each of them.

    `out_of_fold` are the files of one fold or more, which are joined, and `histories` their
    `metrics.jsonl`, if any. `of` names them all, such as `fold 0`; titles begin with the score by
    `metric`. Raises `UserError` where the out-of-fold files cannot be read; the others are read
    once they are needed.
    """
    each = [load_out_of_fold(path) for path in out_of_fold]
    oof = join_out_of_fold(each, prepared.train["path"].tolist())
    answers, num_classes = oof.probs.argmax(axis=1), len(prepared.class_names)
    counts = count_confusion(oof.labels, answers, num_classes)
    title = f"{of}, {len(answers):,} validation pictures"
    scored = f"{title}: {_format_scores(oof, metric)}"
    files = _list_confusions(prepared, counts, title=title, scored=scored)
    if histories:
        files["curves.png"] = partial(_draw_curves, histories, of)
    if num_pictures:
        files["mistakes.png"] = partial(
            _draw_mistakes, prepared, oof, of=of, root=root, number=num_pictures
        )
    by_class = compute_class_scores(oof.labels, answers, num_classes)
    files["classes.csv"] = lambda: format_classes(prepared.class_names, by_class).encode()
    files["classes.png"] = _png(draw_classes, prepared.class_names, by_class, title=scored)
    return files


def _format_scores(oof: OutOfFold, metric: Metric) -> str:
    """Format the score by `metric` and by all others that ask only for the most probable class."""
    scores = compute_scores(oof.labels, oof.probs)
    others = (one for one in METRICS.values() if one is not metric and one.needs == "answers")
    return ", ".join(f"{one.title} {scores[one.key]:.3f}" for one in (metric, *others))


def _list_confusions(prepared: Prepared, counts: Confusion, *, title: str, scored: str) -> Files:
    """Return tables and heatmaps of the classes, and a heatmap for each attribute in them."""
    names = prepared.class_names
    files: Files = {
        "confusion.csv": lambda: format_confusion(counts, names, fractions=True).encode(),
        "confusion_counts.csv": lambda: format_confusion(counts, names, fractions=False).encode(),
        "confusion.png": _png(draw_confusion, counts, names, title=scored),
    }
    for attribute, of_class in prepared.label_attributes.items():
        values = list(dict.fromkeys(of_class))
        merged = merge_classes(counts, [values.index(value) for value in of_class])
        right = merged.trace() / merged.sum()
        files[f"confusion_{attribute}.png"] = _png(
            draw_confusion,
            merged,
            values,
            title=f"{title}\n{attribute}: accuracy {right:.3f}",
            what=attribute,
        )
    return files


def _draw_curves(histories: Sequence[Path], of: str) -> bytes:
    curves = [build_curve(load_metrics(path)) for path in histories]
    return to_png(lambda: draw_curves(curves, title=of))


def _draw_mistakes(
    prepared: Prepared, oof: OutOfFold, *, of: str, root: Path, number: int
) -> bytes:
    labels, probs = oof.labels, oof.probs
    answers = probs.argmax(axis=1)
    paths = oof.table["path"].tolist()
    pictures = [
        Answered(
            pixels=load_or_none(root / paths[row], _AT_LEAST),
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


def _png(draw: Callable[..., Figure], *arguments: object, **settings: object) -> Maker:
    return lambda: to_png(lambda: draw(*arguments, **settings))
