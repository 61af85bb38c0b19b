"""Durations such as `2 epochs` or `500 steps`, and the steps at which they end.

A step is one step of the optimizer, counted from 1 over the whole training.
"""


def compute_steps(duration: str, *, steps_per_epoch: int) -> float:
    """Return the number of steps in a duration such as `500 steps` or `0.5 epochs`.

    It is not rounded, so that repeated parts of an epoch add up to whole epochs. Raises
    `ValueError` for another unit or no number.
    """
    amount, _, unit = duration.partition(" ")
    if unit not in ("epoch", "epochs", "step", "steps"):
        raise ValueError(f"{duration!r} is neither epochs nor steps")
    return float(amount) * (steps_per_epoch if unit.startswith("epoch") else 1)


def plan_validations(
    epoch: int, *, epochs: int, steps_per_epoch: int, every: float, from_epoch: int
) -> list[int]:
    """Return the steps within `epoch`, from 1, to validate after: every `every` steps.

    There are none before `from_epoch`; the last step of the last epoch is always one. `epoch`,
    `epochs` and `from_epoch` count from 1.
    """
    first, last = (epoch - 1) * steps_per_epoch, epoch * steps_per_epoch
    planned = {last} if epoch == epochs else set()
    if epoch >= from_epoch:
        every = max(1.0, every)
        times = range(int(first / every), int(last / every) + 2)
        planned |= {step for time in times if first < (step := round(time * every)) <= last}
    return sorted(step - first for step in planned)
