"""Refuse a competition in which too few pictures can be used."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from foldline.data.competition.labels import Picture
from foldline.data.competition.scan import Rejected, Scan
from foldline.data.competition.schemes import Scheme
from foldline.data.competition.verify import Fault
from foldline.data.picture_files import EXTENSION_CHOICES
from foldline.errors import UserError
from foldline.text import count_and_name, name_some

NUM_FAULTS_NAMED = 10


def refuse_bad(root: Path, faults: Mapping[str, Fault]) -> None:
    """Raise `UserError` naming the first of the bad pictures, if there are any."""
    if not faults:
        return
    lines = [
        f"{root / path}: {fault.reason}{f': {fault.detail}' if fault.detail else ''}"
        for path, fault in faults.items()
    ]
    advice = "repair or remove them, or set data.on_bad_image=reject to leave them out"
    raise UserError(*lines[:NUM_FAULTS_NAMED], f"bad pictures, in all: {len(lines)}; {advice}")


def require_usable(
    root: Path, scans: Mapping[str, Scan], usable: Sequence[Picture], rejected: Sequence[Rejected]
) -> None:
    """Raise `UserError` for a folder of labelled pictures without a usable one."""
    used = {picture.is_given_valid for picture in usable}
    for is_valid, (folder, scan) in enumerate(scans.items()):
        if is_valid not in used:
            inside = [item for item in rejected if PurePosixPath(item.path).is_relative_to(folder)]
            raise UserError(_explain_nothing(root / folder, scan, inside))


def require_two_classes(folder: Path, scheme: Scheme, class_names: Sequence[str]) -> None:
    """Raise `UserError` if all pictures are of one class."""
    if len(class_names) < 2:
        key = "data.train_dir, which holds the classes' folders"
        raise UserError(
            f"{folder}: all pictures are of one class, {class_names[0]}, where two or more are to "
            f"be told apart; see {key if scheme.classes_are_folders else 'data.pattern'}"
        )


def require_every_class(
    folder: Path,
    class_names: Sequence[str],
    usable: Sequence[Picture],
    faults: Mapping[str, Fault],
    pictures: Sequence[Picture],
) -> None:
    """Raise `UserError` for a class none of whose pictures can be used."""
    lost = sorted(set(range(len(class_names))) - {picture.label for picture in usable})
    if lost:
        own = [faults[p.path].reason for p in pictures if p.label == lost[0] and p.path in faults]
        reasons = ", ".join(f"{count} {reason}" for reason, count in Counter(own).most_common())
        raise UserError(
            f"{folder}: classes of which no picture can be used: "
            f"{count_and_name([class_names[label] for label in lost])}; those of "
            f"{class_names[lost[0]]}: {reasons}; repair them, or remove the class"
        )


def _explain_nothing(folder: Path, scan: Scan, rejected: Sequence[Rejected]) -> str:
    if not rejected:
        skipped = name_some(f"{count} {reason}" for reason, count in scan.skipped.items())
        return f"{folder}: no {EXTENSION_CHOICES} found; {skipped or 'the folder is empty'}"
    counted = ", ".join(
        f"{n} {why}" for why, n in Counter(r.reason for r in rejected).most_common()
    )
    first = rejected[0]
    detail = f" ({first.detail})" if first.detail else ""
    return f"{folder}: no usable picture: {counted}; the first is {first.path}{detail}"
