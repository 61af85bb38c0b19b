"""Durations such as `2 epochs` or `500 steps`, and the steps at which they are over.

A step is one step of the optimizer, counted from 1 over the whole training.
"""


def compute_steps(duration: str, *, steps_per_epoch: int) -> float:
    """How many steps `500 steps` or `0.5 epochs` are.

    Not rounded, so that a part of an epoch, taken often enough, ends where the epoch ends.
    Raises `ValueError` for another unit or no number.
    """
    amount, _, unit = duration.partition(" ")
    if unit not in ("epoch", "epochs", "step", "steps"):
        raise ValueError(f"{duration!r} is neither epochs nor steps")
    return float(amount) * (steps_per_epoch if unit.startswith("epoch") else 1)


def plan_validations(
    epoch: int, *, epochs: int, steps_per_epoch: int, every: float, from_epoch: int
) -> list[int]:
    """The steps within `epoch`, from 1, after which is validated: whenever `every` steps are over.

    None in an epoch before `from_epoch`, but the last step of the last epoch in any case. `epoch`,
    `epochs` and `from_epoch` count from 1.
    """
    first, last = (epoch - 1) * steps_per_epoch, epoch * steps_per_epoch
    planned = {last} if epoch == epochs else set()
    if epoch >= from_epoch:
        every = max(1.0, every)
        times = range(int(first / every), int(last / every) + 2)
        planned |= {step for time in times if first < (step := round(time * every)) <= last}
    return sorted(step - first for step in planned)
