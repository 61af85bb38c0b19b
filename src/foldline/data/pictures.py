"""The labelled pictures of a competition, before anyone is put into a fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from foldline.data.scan import Rejected
from foldline.data.schemes import Reading, Scheme, natural_key


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to train on: `path` from the data root, `label` the official class."""

    path: str
    group: str
    parts: tuple[int, ...]
    label: int


def read_labels(
    scheme: Scheme, paths: Sequence[str], train_dir: str
) -> tuple[list[Picture], tuple[str, ...], list[Rejected]]:
    """Read the label of every path; gives the pictures, the classes, and what could not be read.

    `paths` are relative to the data root and lie under `train_dir`.
    """
    prefix = PurePosixPath(train_dir).as_posix() + "/"
    start = 0 if prefix == "./" else len(prefix)
    readings: list[tuple[str, Reading]] = []
    rejected = []
    for path in paths:
        try:
            readings.append((path, scheme.read(path, path[start:])))
        except ValueError as error:
            rejected.append(Rejected(path, "bad name", str(error)))
    class_names = scheme.class_names
    if class_names is None:
        found = {str(reading.label) for _, reading in readings}
        class_names = tuple(sorted(found, key=natural_key))
    index = {name: label for label, name in enumerate(class_names)}
    pictures = [
        Picture(
            path=path,
            group=reading.group,
            parts=reading.parts,
            label=reading.label if isinstance(reading.label, int) else index[reading.label],
        )
        for path, reading in readings
    ]
    return pictures, class_names, rejected
