import numpy as np
import numpy.typing as npt
import pytest

from foldline.advising.separation import choose_sample, compute_separation


def make_features(
    num_groups: int, *, classes: int, gap: float
) -> tuple[npt.NDArray[np.float64], list[int], list[str], list[int]]:
    """Groups of one picture each, whose classes lie `gap` apart in noise of 1; five folds."""
    random = np.random.default_rng(0)
    group = np.arange(num_groups)
    labels = group % classes
    features = random.normal(size=(len(group), 20))
    features[np.arange(len(group)), labels] += gap
    folds = group // classes % 5
    return features, labels.tolist(), [f"g{number}" for number in group], folds.tolist()


def test_chance_is_nothing_and_perfection_is_one() -> None:
    chance = compute_separation(*make_features(400, classes=4, gap=0))
    assert chance.score == pytest.approx(0, abs=0.08)
    assert chance.low < 0 < chance.high
    perfect = compute_separation(*make_features(100, classes=4, gap=50))
    assert (perfect.score, perfect.low, perfect.high) == (1, 1, 1)


def test_half_right_of_two_rare_and_common_classes_by_hand() -> None:
    # the feature tells the common class always, and the rare one in half of its pictures
    labels = [0] * 40 + [1] * 10
    features = np.array([[0.0]] * 40 + [[1.0], [0.0]] * 5)
    folds = [number % 5 for number in range(40)] + [number // 2 for number in range(10)]
    groups = [str(number) for number in range(50)]
    separation = compute_separation(features, labels, groups, folds)
    # recalls 1 and 0.5: balanced accuracy 0.75, half way from 0.5 to 1
    assert separation.score == pytest.approx(0.5)
    assert separation.low < 0.5 < separation.high


def test_memorized_people_are_not_separation() -> None:
    # every group has a mark of its own, which tells the label of no other group
    random = np.random.default_rng(1)
    group = np.repeat(np.arange(60), 5)
    features = np.eye(60)[group] * 10 + random.normal(size=(300, 60)) * 0.1
    labels = random.permutation(np.arange(60) % 2)[group].tolist()
    groups = [str(number) for number in group]
    by_group = compute_separation(features, labels, groups, (group % 5).tolist())
    by_picture = compute_separation(features, labels, groups, (np.arange(300) % 5).tolist())
    assert by_picture.score > 0.9
    assert by_group.score < 0.3


def test_the_interval_is_by_group() -> None:
    alone = compute_separation(*make_features(200, classes=2, gap=1.2))
    features, labels, groups, folds = make_features(40, classes=2, gap=1.2)
    copies = compute_separation(np.tile(features, (5, 1)), labels * 5, groups * 5, folds * 5)
    assert copies.high - copies.low > 1.5 * (alone.high - alone.low)


def test_the_same_pictures_give_the_same_figures() -> None:
    arguments = make_features(50, classes=2, gap=1)
    assert compute_separation(*arguments) == compute_separation(*arguments)


def test_a_sample_is_even_and_of_many_people() -> None:
    groups = [f"p{number // 7}" for number in range(7000)]
    labels = [0 if number % 7 < 5 else 1 for number in range(7000)]
    rows = choose_sample(groups, labels, seed=0)
    assert rows == sorted(set(rows))
    assert [sum(labels[row] == label for row in rows) for label in (0, 1)] == [150, 150]
    assert len({groups[row] for row in rows if labels[row] == 0}) == 150
    assert rows == choose_sample(groups, labels, seed=0)
    assert rows != choose_sample(groups, labels, seed=1)


def test_classes_of_few_groups_are_left_out_and_of_many_classes_some_are_drawn() -> None:
    groups = [str(number) for number in range(12)] + ["x"] * 30
    labels = [0] * 6 + [1] * 4 + [2] * 2 + [3] * 30
    assert choose_sample(groups, labels, seed=0) == []
    labels = [0] * 6 + [1] * 6 + [3] * 30
    assert {labels[row] for row in choose_sample(groups, labels, seed=0)} == {0, 1}
    labels = [number % 100 for number in range(2000)]
    chosen = choose_sample([str(number) for number in range(2000)], labels, seed=0)
    assert len({labels[row] for row in chosen}) == 30
    assert len(chosen) == 300
