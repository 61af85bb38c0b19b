"""Read the labels of a competition's pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from foldline.data.competition.scan import Rejected
from foldline.data.competition.schemes import Reading, Scheme
from foldline.text import natural_key


@dataclass(frozen=True, slots=True)
class Picture:
    """A labelled picture: `path` from the data root, `label` the official class.

    `is_given_valid`: it lies in the validation folder that came with the data.
    """

    path: str
    group: str
    attributes: tuple[int, ...]
    label: int
    is_given_valid: bool = False


def read_labels(
    scheme: Scheme,
    paths: Sequence[str],
    train_dir: str,
    *,
    valid_paths: Sequence[str] = (),
    valid_dir: str = ".",
) -> tuple[list[Picture], tuple[str, ...], list[Rejected]]:
    """Read the label of every path; return the pictures, the classes and what could not be read.

    All paths are relative to the data root; `paths` lie under `train_dir`, `valid_paths` under
    `valid_dir`.
    """
    readings: list[tuple[str, Reading]] = []
    rejected = []
    for folder, listed in ((train_dir, paths), (valid_dir, valid_paths)):
        prefix = PurePosixPath(folder).as_posix() + "/"
        start = 0 if prefix == "./" else len(prefix)
        for path in listed:
            try:
                readings.append((path, scheme.read(path, path[start:])))
            except ValueError as error:
                rejected.append(Rejected(path, "bad name", str(error)))
    class_names = scheme.class_names
    if class_names is None:
        found = {str(reading.label) for _, reading in readings}
        class_names = tuple(sorted(found, key=natural_key))
    index = {name: label for label, name in enumerate(class_names)}
    given_valid = frozenset(valid_paths)
    pictures = [
        Picture(
            path=path,
            group=reading.group,
            attributes=reading.attributes,
            label=reading.label if isinstance(reading.label, int) else index[reading.label],
            is_given_valid=path in given_valid,
        )
        for path, reading in readings
    ]
    return pictures, class_names, rejected
