"""How well a network's frozen features separate the classes of other pictures."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from foldline.advising.advice import Separation

NUM_PICTURES = 300
# of each class; with fewer groups than this a class cannot be in every fold
NUM_FOLDS = 5
MIN_PICTURES_PER_CLASS = 10
NUM_RESAMPLES = 1_000


def choose_sample(groups: Sequence[str], labels: Sequence[int], *, seed: int) -> list[int]:
    """Choose about `NUM_PICTURES` rows, evenly by class and from as many groups as possible.

    Classes of fewer than `NUM_FOLDS` groups are left out; if there are too many classes, some are
    drawn. Returns sorted rows, or none if fewer than two classes are left.
    """
    random = np.random.default_rng(seed)
    rows_of: dict[int, dict[str, list[int]]] = {}
    for row in random.permutation(len(labels)).tolist():
        rows_of.setdefault(labels[row], {}).setdefault(groups[row], []).append(row)
    usable = sorted(label for label, of in rows_of.items() if len(of) >= NUM_FOLDS)
    if len(usable) < 2:
        return []
    drawn = random.permutation(usable)[: NUM_PICTURES // MIN_PICTURES_PER_CLASS].tolist()
    share = NUM_PICTURES // len(drawn)
    chosen: list[int] = []
    for label in drawn:
        # every group's first picture, then every group's second one, …
        ranked = [(rank, row) for own in rows_of[label].values() for rank, row in enumerate(own)]
        chosen += [row for _, row in sorted(ranked, key=lambda item: item[0])[:share]]
    return sorted(chosen)


def compute_separation(
    features: npt.NDArray[np.float64],
    labels: Sequence[int],
    groups: Sequence[str],
    folds: Sequence[int],
) -> Separation:
    """Compute a linear probe's balanced accuracy on `features` `[N, F]`, with chance at 0.

    Each of `folds`, which keep groups together, is answered by a probe fitted on the others. Linear
    probes are those of Alain and Bengio 2016, "Understanding intermediate layers using linear
    classifier probes"; here ridge regression on standardized features, as it needs no search. The
    interval is a percentile bootstrap over groups, which does not vary the training pictures.
    """
    classes, truth = np.unique(labels, return_inverse=True)
    right = _answer(features, truth, folds) == truth
    names, owner = np.unique(groups, return_inverse=True)
    random = np.random.default_rng(0)
    draws = random.multinomial(len(names), [1 / len(names)] * len(names), size=NUM_RESAMPLES)
    weights = np.vstack([np.ones(len(truth)), draws[:, owner]])  # the pictures as they are first
    is_class = truth == np.arange(len(classes))[:, None]
    sums = weights @ is_class.T
    recalls = np.divide(
        weights @ (is_class & right).T, sums, out=np.full(sums.shape, np.nan), where=sums > 0
    )
    chance = 1 / len(classes)
    scores = (np.nanmean(recalls, axis=1) - chance) / (1 - chance)
    low, high = np.quantile(scores[1:], [0.025, 0.975])
    return Separation(float(scores[0]), float(low), float(high), len(labels), len(classes))


def _answer(
    features: npt.NDArray[np.float64], truth: npt.NDArray[np.int64], folds: Sequence[int]
) -> npt.NDArray[np.int64]:
    """Predict the class of every row by a probe that has not seen the row's fold."""
    # takes seconds to import
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # as strong as the features are many: there are more of them than pictures
    ridge = RidgeClassifier(alpha=features.shape[1], class_weight="balanced")
    probe = make_pipeline(StandardScaler(), ridge)
    answers: npt.NDArray[np.int64] = cross_val_predict(
        probe, features, truth, cv=PredefinedSplit(folds)
    )
    return answers
