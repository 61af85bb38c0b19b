"""Which part of a pretrained network to train, by the amount of data and its similarity.

The four cases are those of the notes on transfer learning of Stanford's course CS231n.
"""

from dataclasses import dataclass

# people, or pictures where each stands for itself, a class; a rule of thumb, not a measurement
LARGE_FROM = 1_000
# half way between chance and a faultless answer; a convention of this project, see docs/advise.md
SIMILAR_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Separation:
    """How well frozen features separate the classes of `num_images`: 0 is chance, 1 is faultless.

    `low` to `high` is the 95 % interval of `score`.
    """

    score: float
    low: float
    high: float
    num_images: int
    num_classes: int

    @property
    def is_similar(self) -> bool:
        return self.score >= SIMILAR_FROM

    @property
    def is_close_call(self) -> bool:
        return self.low < SIMILAR_FROM <= self.high


@dataclass(frozen=True, slots=True)
class Advice:
    """A value of `model.train`, the `case` of the rule that it follows from, and why it helps.

    `alternative` is the value of the neighbouring case, where the measurement does not decide.
    """

    train: str
    case: str
    reason: str
    alternative: str | None = None


# by large and similar
_RULE = {
    (False, True): ("head", "the features fit, and so little data could only spoil them"),
    (False, False): (
        "all_but_first",
        "the first blocks see edges and colours, which suit any picture; the others must adapt",
    ),
    (True, True): ("last_blocks", "the features nearly fit; there is data to tune the last blocks"),
    (True, False): ("all", "the features do not fit, and there is data to tune every layer"),
}


def choose_freezing(
    size: float, separation: Separation | None, *, pretrained: bool = True
) -> Advice:
    """Choose what to train with `size` people or pictures a class; no `separation`: unmeasured."""
    if not pretrained:
        return Advice("all", "no pretrained weights", "every layer starts at random and must learn")
    is_large = size >= LARGE_FROM
    name = "large" if is_large else "small"
    if separation is None:
        train, other = ("all", "last_blocks") if is_large else ("head", "all_but_first")
        reason = "there is data to tune every layer" if is_large else "the quickest to train"
        reason += "; the comparison shows how well the features fit"
        return Advice(train, f"{name}, by size alone", reason, other)
    train, reason = _RULE[is_large, separation.is_similar]
    other = _RULE[is_large, not separation.is_similar][0]
    case = f"{name} and {'similar' if separation.is_similar else 'different'}"
    return Advice(train, case, reason, other if separation.is_close_call else None)
