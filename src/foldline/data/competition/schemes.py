"""How a competition writes its labels into paths. A new competition is one new scheme."""

import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from foldline.data.picture_files import PICTURE_EXTENSIONS
from foldline.errors import UserError
from foldline.text import compute_name_key, compute_path_key, join_words

# of the mask competition, in the order of their values
MASKS = ("wear", "incorrect", "bare")
GENDERS = ("male", "female")
AGES = ("<30", "30-59", "60+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a path says: the group (never split between folds), the official label, its attributes.

    `label` is the index of the class if the scheme knows its classes, else the name of the class.
    Group and name have one spelling, whichever the path has.
    """

    group: str
    label: int | str
    attributes: tuple[int, ...] = ()


class Scheme(ABC):
    """One way of writing labels into paths, and where such a competition keeps its files.

    Folders and files are relative to the data root. `attribute_names` are the columns that make up
    a label; a scheme without them lets only the label itself be corrected.
    """

    train_dir = "train"
    test_dir = "test"
    # the first that exists holds the columns and the order of the submission
    sample_files: Sequence[str] = ("sample_submission.csv", "sampleSubmission.csv")
    # False: without it, the names of the test pictures serve as ids
    needs_sample_file = False
    # whether each folder in the training folder is a class, so that an empty one is worth a warning
    classes_are_folders = False
    # a list of the people, `id,gender,race,age,path`, which the folders are compared with
    people_file: str | None = None
    # columns of the submission if there is no sample file
    submission_columns = ("id", "label")
    attribute_names: tuple[str, ...] = ()
    # the names of the values 0, 1, … of each attribute that has names
    attribute_values: Mapping[str, Sequence[str]] = {}
    # None: the labels found, in natural order
    class_names: tuple[str, ...] | None = None
    # for each attribute that makes up the classes, the name of its value in class 0, 1, …
    label_attributes: Mapping[str, Sequence[str]] = {}

    @abstractmethod
    def read(self, path: str, inner: str) -> Reading:
        """Read the path of a picture: `path` from the data root, `inner` from the training folder.

        Raise `ValueError` saying what is wrong with the name.
        """

    def compute_label(self, attributes: Sequence[int], *, oldest_from: int | None = None) -> int:
        """Return the label that `attributes` make; the oldest class begins at `oldest_from`."""
        raise NotImplementedError(f"{type(self).__name__} has no attributes")

    def parse_attribute(self, attribute: str, text: str) -> int:
        """Return the value of `attribute` that `text` means, or raise `ValueError`."""
        raise NotImplementedError(f"{type(self).__name__} has no attributes")


class MaskScheme(Scheme):
    """`<id>_<gender>_<race>_<age>/<shot>.jpg`: mask × gender × age group, eighteen classes.

    Attributes: mask 0 worn, 1 worn wrongly, 2 bare; gender 0 male, 1 female; age in years. A person
    is a folder, whatever its id: in the competition two people share one id.
    """

    train_dir = "train/images"
    test_dir = "eval/images"
    sample_files = ("eval/info.csv",)
    needs_sample_file = True
    people_file = "train/train.csv"
    submission_columns = ("ImageID", "ans")
    attribute_names = ("mask", "gender", "age")
    attribute_values: Mapping[str, Sequence[str]] = {"mask": MASKS, "gender": GENDERS}
    _combinations = tuple(itertools.product(MASKS, GENDERS, AGES))
    class_names = tuple("-".join(values) for values in _combinations)
    label_attributes: Mapping[str, Sequence[str]] = dict(
        zip(attribute_names, zip(*_combinations, strict=True), strict=True)
    )

    middle_from = 30
    oldest_from = 60
    _folder = re.compile(r"[^_]+_(male|female)_.+_([0-9]{1,3})")
    _masks_of_shots: Mapping[str, int] = {
        **{f"mask{shot}": 0 for shot in range(1, 6)},
        "incorrect_mask": 1,
        "normal": 2,
    }

    def read(self, path: str, inner: str) -> Reading:  # noqa: ARG002 - a folder is enough
        folder, _, name = inner.rpartition("/")
        match = self._folder.fullmatch(folder)
        if match is None:
            raise ValueError("expected a folder <id>_<gender>_<race>_<age> with pictures in it")
        mask = self._masks_of_shots.get(_stem(name))
        if mask is None:
            raise ValueError("expected a shot mask1 … mask5, incorrect_mask or normal")
        attributes = (mask, GENDERS.index(match[1]), int(match[2]))
        return Reading(compute_path_key(folder), self.compute_label(attributes), attributes)

    def compute_label(self, attributes: Sequence[int], *, oldest_from: int | None = None) -> int:
        mask, gender, age = attributes
        oldest = age >= (self.oldest_from if oldest_from is None else oldest_from)
        age_group = 2 if oldest else int(age >= self.middle_from)
        return mask * 6 + gender * 3 + age_group

    def parse_attribute(self, attribute: str, text: str) -> int:
        if attribute == "age":
            if not re.fullmatch(r"[0-9]{1,3}", text):
                raise ValueError("expected an age in years")
            return int(text)
        names = self.attribute_values[attribute]
        if text not in names:
            raise ValueError(f"expected {join_words(names)}")
        return names.index(text)


class FolderScheme(Scheme):
    """`<class>/…/<name>.jpg`: one folder a class, each picture its own group."""

    classes_are_folders = True

    def read(self, path: str, inner: str) -> Reading:
        label, slash, _ = inner.partition("/")
        if not slash:
            raise ValueError("expected a picture inside the folder of its class")
        return Reading(compute_path_key(path), _read_class(label))


class FileNameScheme(Scheme):
    """A pattern for the file name without extension, with {label} and maybe {id} and {group}.

    If a name can be read in two ways, {label} takes as much as it can. Without {group}, each
    picture is its own group. Raise `UserError` for a pattern that cannot be read.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._expression = _compile_pattern(pattern)

    def read(self, path: str, inner: str) -> Reading:
        match = self._expression.fullmatch(compute_name_key(_stem(inner.rpartition("/")[2])))
        if match is None:
            raise ValueError(f"expected a name like {self._pattern}")
        fields = match.groupdict()
        group = compute_name_key(fields["group"]) if "group" in fields else compute_path_key(path)
        return Reading(group, _read_class(fields["label"]))


# what builds each scheme from `data.pattern`, which only file names use
SCHEMES: Mapping[str, Callable[[str], Scheme]] = {
    "mask": lambda _: MaskScheme(),
    "folder": lambda _: FolderScheme(),
    "filename": FileNameScheme,
}


def _compile_pattern(pattern: str) -> re.Pattern[str]:
    extension = PurePosixPath(pattern).suffix.lower()
    text = pattern[: -len(extension)] if extension in PICTURE_EXTENSIONS else pattern
    text = compute_name_key(text)
    pieces = re.split(r"\{([^{}]*)\}", text)
    literals, fields = pieces[::2], pieces[1::2]
    problem = None
    if unknown := sorted(set(fields) - {"label", "id", "group"}):
        problem = f"unknown field {{{unknown[0]}}}; there are {{label}}, {{id}} and {{group}}"
    elif "label" not in fields:
        problem = "the field {label} is missing"
    elif len(set(fields)) < len(fields):
        problem = "a field may stand only once"
    elif "" in literals[1:-1]:
        problem = "two fields need something between them, such as . or _"
    if problem:
        raise UserError(f"data.pattern: {pattern!r}: {problem}")
    expression = re.escape(literals[0])
    for field, literal in zip(fields, literals[1:], strict=True):
        amount = ".+" if field == "label" else ".+?"
        expression += f"(?P<{field}>{amount}){re.escape(literal)}"
    return re.compile(expression, re.DOTALL)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _read_class(label: str) -> str:
    """Return the name of a class in its one spelling. Raise `ValueError` if it is only blanks."""
    name = compute_name_key(label)
    if not name:
        raise ValueError("expected the name of a class, found blanks")
    return name
