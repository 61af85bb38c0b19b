"""The metrics: whatever chooses, compares, ranks, draws or records a score asks `METRICS`.

Neither numpy nor scikit-learn is imported before something is scored: the configuration knows the
metrics by their keys.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from foldline.metrics.counts import Counts, Labels, Probs


@dataclass(frozen=True)
class Metric:
    """One way to score answers.

    `score` takes labels `[N]` and probabilities `[N, C]` whose rows sum to 1. `needs` is "answers"
    where only the most probable class of each row counts. `range` is the lowest and the highest
    score. Either of two makes a bootstrap fast: `from_counts`, where a score follows from
    counts alone, takes those of `count_by_person`, `[…, 3, C]`, and returns `[…]`; `from_rows`,
    where it is a mean over pictures, takes what `score` takes and returns `[N]`.
    """

    key: str
    title: str
    greater_is_better: bool
    range: tuple[float, float]
    score: Callable[["Labels", "Probs"], float]
    needs: Literal["answers", "probs"]
    from_counts: Callable[["Counts"], "Probs"] | None = None
    from_rows: Callable[["Labels", "Probs"], "Probs"] | None = None

    @property
    def interval_key(self) -> str:
        """The name that a 95 % interval of this metric is recorded under."""
        return f"{self.key}_interval"

    @property
    def goal(self) -> Literal["maximize", "minimize"]:
        return "maximize" if self.greater_is_better else "minimize"

    def compute_gain(self, score: float, before: float) -> float:
        """Return by how much `score` is better than `before`; negative where it is worse."""
        return score - before if self.greater_is_better else before - score

    def rank(self, score: float | None) -> float:
        """Return a sort key that puts the best score first, and none or NaN last."""
        if score is None or math.isnan(score):
            return math.inf
        return -score if self.greater_is_better else score

    def is_possible(self, score: float) -> bool:
        """Return whether `score` lies in the range; NaN does not."""
        low, high = self.range
        return low <= score <= high


def compute_scores(labels: "Labels", probs: "Probs") -> dict[str, float]:
    """Return the score by every metric, by key, of `probs` `[N, C]` against `labels` `[N]`.

    All are NaN when any of `probs` is.
    """
    import numpy as np

    if np.isnan(probs).any():
        return dict.fromkeys(METRICS, math.nan)
    normalized = probs / probs.sum(axis=1, keepdims=True)
    return {key: float(metric.score(labels, normalized)) for key, metric in METRICS.items()}


def _score_macro_f1(labels: "Labels", probs: "Probs") -> float:
    """Return the mean F1 over all classes; one that nobody has and nobody answers counts 0."""
    # imported here, as it takes longer to load than two runs to compare
    from sklearn.metrics import f1_score

    classes, answers = range(probs.shape[1]), probs.argmax(axis=1)
    return float(f1_score(labels, answers, labels=classes, average="macro", zero_division=0))


def _count_macro_f1(counts: "Counts") -> "Probs":
    from foldline.metrics.counts import compute_class_f1

    macro_f1: Probs = compute_class_f1(counts).mean(axis=-1)
    return macro_f1


def _score_accuracy(labels: "Labels", probs: "Probs") -> float:
    return float((probs.argmax(axis=1) == labels).mean())


def _count_accuracy(counts: "Counts") -> "Probs":
    right, _, true = (counts[..., kind, :].sum(axis=-1) for kind in range(3))
    accuracy: Probs = right / true
    return accuracy


def _score_log_loss(labels: "Labels", probs: "Probs") -> float:
    from sklearn.metrics import log_loss

    return float(log_loss(labels, probs, labels=range(probs.shape[1])))


def _compute_losses(labels: "Labels", probs: "Probs") -> "Probs":
    import numpy as np

    least = np.finfo(probs.dtype).eps  # as scikit-learn clips
    losses: Probs = -np.log(np.clip(probs[np.arange(len(labels)), labels], least, 1 - least))
    return losses


_TABLE = (
    Metric(
        key="macro_f1",
        title="macro-F1",
        greater_is_better=True,
        range=(0.0, 1.0),
        score=_score_macro_f1,
        needs="answers",
        from_counts=_count_macro_f1,
    ),
    Metric(
        key="accuracy",
        title="accuracy",
        greater_is_better=True,
        range=(0.0, 1.0),
        score=_score_accuracy,
        needs="answers",
        from_counts=_count_accuracy,
    ),
    Metric(
        key="log_loss",
        title="log loss",
        greater_is_better=False,
        range=(0.0, math.inf),
        score=_score_log_loss,
        needs="probs",
        from_rows=_compute_losses,
    ),
)
METRICS: dict[str, Metric] = {metric.key: metric for metric in _TABLE}
