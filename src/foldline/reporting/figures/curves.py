"""Learning curves: each metric by epoch, on the validation and the training pictures."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from foldline.metrics.metric import METRICS
from foldline.reporting.figures.figure import BLUE, ORANGE, add_axes
from foldline.reporting.learning_curves import Curve, compute_mean

# what training measures beside a metric, where it is not called train_<metric>
_TRAINING = {"log_loss": "train_loss"}
_NUM_MARKED = 30  # points of a line that are marked one by one


def draw_curves(curves: Sequence[Curve], *, title: str) -> Figure:
    """Draw each metric by epoch: one fold, or a thin line for each and their mean."""
    panels = [metric for metric in METRICS.values() if any(metric.key in c.values for c in curves)]
    width = 0.55 + 4.15 * len(panels)
    figure = Figure(figsize=(width, 4.2))
    for position, metric in enumerate(reversed(panels)):
        axes = add_axes(figure, 0.6 + 4.15 * position, 0.6, 3.5, 2.9)
        training = _TRAINING.get(metric.key, f"train_{metric.key}")
        _plot(axes, curves, training, ORANGE, "--")
        _plot(axes, curves, metric.key, BLUE, "-")
        _mark_chosen(axes, curves, metric.key)
        name = f"loss (validation: {metric.title})" if training == "train_loss" else metric.title
        axes.set_title(name, loc="left")
        axes.set_xlabel("epoch")
        axes.grid(color="#e4e4e4", linewidth=0.6)
        _frame(axes, curves)
    figure.legend(
        handles=_explain(curves),
        loc="upper left",
        bbox_to_anchor=(0.6 / width, 4.0 / 4.2),
        ncols=5,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
    )
    figure.text(0.6 / width, 4.1 / 4.2, title, size=11)
    return figure


def _plot(axes: Axes, curves: Sequence[Curve], key: str, color: str, style: str) -> None:
    for curve in curves:
        epochs, values = curve.list_points(key)
        marker = "." if len(epochs) <= _NUM_MARKED else ""
        width, alpha = (1.8, 1.0) if len(curves) == 1 else (0.8, 0.5)
        axes.plot(epochs, values, style, color=color, marker=marker, linewidth=width, alpha=alpha)
    if len(curves) > 1:
        epochs, values = compute_mean(curves, key)
        marker = "o" if len(epochs) == 1 else ""
        axes.plot(epochs, values, style, color=color, linewidth=2.4, marker=marker)


def _mark_chosen(axes: Axes, curves: Sequence[Curve], key: str) -> None:
    for curve in curves:
        if curve.chosen is None or key not in curve.values:
            continue
        epoch, value = curve.epochs[curve.chosen], curve.values[key][curve.chosen]
        axes.plot(epoch, value, **_CHOSEN)
        if len(curves) == 1:
            axes.axvline(epoch, color="black", linewidth=0.8, linestyle=":", zorder=0)


_CHOSEN: dict[str, Any] = {
    "marker": "o",
    "markersize": 7,
    "markerfacecolor": "none",
    "markeredgecolor": "black",
    "linestyle": "none",
}


def _frame(axes: Axes, curves: Sequence[Curve]) -> None:
    last = max(curve.epochs[-1] for curve in curves)
    first = min(curve.epochs[0] for curve in curves)
    margin = 0.5 if first == last else 0.04 * (last - first)
    axes.set_xlim(first - margin, last + margin)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))


def _explain(curves: Sequence[Curve]) -> list[Line2D]:
    width = 1.8 if len(curves) == 1 else 2.4
    of = "" if len(curves) == 1 else ", mean"
    lines = [
        Line2D([], [], color=ORANGE, linestyle="--", linewidth=width, label=f"training{of}"),
        Line2D([], [], color=BLUE, linestyle="-", linewidth=width, label=f"validation{of}"),
    ]
    if len(curves) > 1:
        lines.append(Line2D([], [], color="black", linewidth=0.8, alpha=0.5, label="each fold"))
    if any(curve.chosen is not None for curve in curves):
        chosen = "the epoch that was chosen" if len(curves) == 1 else "its chosen epoch"
        lines.append(Line2D([], [], label=chosen, **_CHOSEN))
    return lines
