"""Pictures that passed `prepare` but cannot be decoded: stop, or leave them out and count them."""

from collections.abc import Iterable, Iterator, Mapping

from accelerate.utils import gather_object

from foldline import console
from foldline.command_line import repeat
from foldline.data.dataset import Batch
from foldline.errors import UserError
from foldline.text import count_and_name, count_of


class BadPictures:
    """The bad pictures of one stage, treated as `data.on_bad_image` says: `reject` or `fail`."""

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._reasons: dict[str, str] = {}

    def watch(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield every batch, even one without a decoded picture, and remember its bad pictures.

        Raise `UserError` for a file that cannot be read at all, as the disk is then to blame, and
        for a bad picture if the policy is `fail`.
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

    def report(self, what: str, learned_from: Mapping[str, str] | None = None) -> None:
        """Warn how many pictures were left out, counted over all processes.

        `learned_from` has the class of each picture to learn from, by path; the warning names the
        classes none of whose pictures could be decoded.
        """
        found = dict(gather_object([*self._reasons.items()]))
        if found:
            reasons = sorted(found.values())
            console.warn(
                f"{what}: {count_of(len(reasons), 'picture')} left out, such as {reasons[0]}"
            )
        classes = learned_from or {}
        lost = {*classes.values()} - {name for path, name in classes.items() if path not in found}
        if lost:
            console.warn(
                f"{what}: CLASSES THAT WERE NOT LEARNED, as none of their pictures could be "
                f"decoded: {count_and_name(sorted(lost))}"
            )
