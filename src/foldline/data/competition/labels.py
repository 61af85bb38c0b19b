"""Read the labels of a competition's pictures."""

from collections.abc import Mapping, Sequence
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
    scheme: Scheme, folders: Mapping[str, Sequence[str]]
) -> tuple[list[Picture], tuple[str, ...], list[Rejected]]:
    """Read the label of every path; return the pictures, the classes and what could not be read.

    `folders` maps the training folder, and the validation folder if there is one, to the paths of
    the pictures in it. All are relative to the data root.
    """
    readings: list[tuple[str, bool, Reading]] = []
    rejected = []
    for is_valid, (folder, paths) in enumerate(folders.items()):
        prefix = PurePosixPath(folder).as_posix() + "/"
        start = 0 if prefix == "./" else len(prefix)
        for path in paths:
            try:
                readings.append((path, bool(is_valid), scheme.read(path, path[start:])))
            except ValueError as error:
                rejected.append(Rejected(path, "bad name", str(error)))
    class_names = scheme.class_names
    if class_names is None:
        found = {str(reading.label) for _, _, reading in readings}
        class_names = tuple(sorted(found, key=natural_key))
    index = {name: label for label, name in enumerate(class_names)}
    pictures = [
        Picture(
            path=path,
            group=reading.group,
            attributes=reading.attributes,
            label=reading.label if isinstance(reading.label, int) else index[reading.label],
            is_given_valid=is_valid,
        )
        for path, is_valid, reading in readings
    ]
    return pictures, class_names, rejected
