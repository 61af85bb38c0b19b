"""Pictures that passed `prepare` and still cannot be decoded: stop, or leave out and count."""

from collections.abc import Iterable, Iterator

from accelerate.utils import gather_object

from foldline import console
from foldline.command_line import repeat
from foldline.data.dataset import Batch
from foldline.errors import UserError
from foldline.text import count_of


class BadPictures:
    """Looks after the bad pictures of one stage by `data.on_bad_image`, `reject` or `fail`."""

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._reasons: dict[str, str] = {}

    def watch(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Pass on what could be decoded, a batch of no picture too.

        Raises `UserError` for a file that cannot be read at all, as the disk is then to blame, and
        for a bad picture where that is the policy.
        """
        for batch in batches:
            for error in batch.bad:
                if error.unreachable:
                    raise UserError(f"{error}; is the folder of data.root still there?")
                if self._policy == "fail":
                    raise UserError(
                        f"{error}; mend it, or leave it out, here and in later stages: "
                        f"{repeat('prepare', changed={'data.on_bad_image': 'reject'})}"
                    )
                self._reasons[str(error.path)] = str(error)
            yield batch

    def report(self, what: str) -> None:
        """Say how many were left out, over all processes."""
        found = gather_object(list(self._reasons.values()))
        reasons = sorted(set(found))
        if reasons:
            console.warn(
                f"{what}: {count_of(len(reasons), 'picture')} left out, such as {reasons[0]}"
            )
