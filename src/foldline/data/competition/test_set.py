"""The ids of the submission, in its order, and the pictures they mean."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import PurePosixPath

from foldline.errors import UserError
from foldline.text import compute_path_key, natural_key, shorten_faults

MISSING, UNREADABLE = "missing", "unreadable"
# the extension of an id, such as the .dcm of a picture that came as .jpg; ".5" is none
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


@dataclass(frozen=True, slots=True)
class TestSet:
    """The pictures to answer, one for each row of the submission; no readable picture: empty path.

    `unreadable` has the ids whose picture is there but cannot be read. `num_extra` pictures lie in
    the test folder without an id that means them. `matched` counts the ids that found their
    picture other than by its exact name, by how they found it.
    """

    # tells pytest that this is not a test
    __test__ = False

    ids: Sequence[str]
    paths: Sequence[str]
    num_extra: int = 0
    matched: Mapping[str, int] = field(default_factory=dict)
    unreadable: Collection[str] = frozenset()

    def list_problems(self) -> list[str]:
        """Return `missing`, `unreadable` or nothing for each row."""
        return [
            UNREADABLE if identifier in self.unreadable else "" if path else MISSING
            for identifier, path in zip(self.ids, self.paths, strict=True)
        ]

    def leave_out(self, faulty: Collection[str]) -> "TestSet":
        """Return the same rows without the `faulty` pictures."""
        rows = list(zip(self.ids, self.paths, strict=True))
        return replace(
            self,
            paths=["" if path in faulty else path for _, path in rows],
            unreadable=frozenset(identifier for identifier, path in rows if path in faulty),
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """One way in which an id may mean a picture: the two share a key.

    `how` is what the user is told; it is empty if the id is as it should be.
    `compute_picture_keys` takes the path from the data root and the path from the test folder.
    """

    how: str
    compute_id_keys: Callable[[str], Iterable[str]]
    compute_picture_keys: Callable[[str, str], Iterable[str]]


def match_ids(ids: Sequence[str], paths: Sequence[str], test_dir: str) -> TestSet:
    """Find the picture of every id, in steps from its exact name to what only resembles it.

    Each step looks at the ids and pictures that earlier ones left, and takes a pair only if
    neither could mean another. `paths`, relative to the data root, lie in `test_dir`. An id
    without a picture keeps its row, with an empty path. Raise `UserError` if an id could mean two
    pictures.
    """
    left_paths = _cut_folder(paths, test_dir)
    left_ids = list(ids)
    found: dict[str, str] = {}
    matched: Counter[str] = Counter()
    for step in _STEPS:
        pairs = _match(step, left_ids, left_paths) if left_ids and left_paths else {}
        if step.how and pairs:
            matched[step.how] += len(pairs)
        found |= pairs
        left_ids = [identifier for identifier in left_ids if identifier not in pairs]
        for path in pairs.values():
            del left_paths[path]
    listed = [found.get(identifier, "") for identifier in ids]
    return TestSet(ids, listed, num_extra=len(left_paths), matched=dict(matched))


def means_picture(name: str, paths: Iterable[str], test_dir: str) -> bool:
    """Return whether `name` names a picture, with or without its folders and extension."""
    return any(name in _list_names(*item) for item in _cut_folder(paths, test_dir).items())


def name_ids(paths: Sequence[str], test_dir: str) -> TestSet:
    """Return ids made without a sample file: names without extension, 2 before 10.

    If several folders hold the same name, all ids are paths within `test_dir` without extension.
    Raise `UserError` if two pictures would have the same id.
    """
    ids = {path: compute_path_key(_cut_extension(path.rpartition("/")[2])) for path in paths}
    if len(set(ids.values())) < len(ids):
        inner = _cut_folder(paths, test_dir)
        ids = {path: compute_path_key(_cut_extension(inner[path])) for path in paths}
    ordered = sorted(paths, key=lambda path: natural_key(ids[path]))
    faults = [
        f"{path} and {following}: both would have the id {ids[path]}; rename one, or give a "
        "sample_submission.csv whose ids have the extension"
        for path, following in pairwise(ordered)
        if ids[path] == ids[following]
    ]
    if faults:
        raise UserError(*shorten_faults(faults))
    return TestSet([ids[path] for path in ordered], ordered)


def _match(step: _Step, ids: Sequence[str], paths: Mapping[str, str]) -> dict[str, str]:
    """Return the picture of each id that means exactly one, which no other id means."""
    by_key: dict[str, list[str]] = {}
    for path, inner in paths.items():
        for key in set(step.compute_picture_keys(path, inner)):
            by_key.setdefault(key, []).append(path)
    meant = {
        identifier: sorted(
            {path for key in step.compute_id_keys(identifier) for path in by_key.get(key, ())}
        )
        for identifier in ids
    }
    faults = [
        f"id {identifier} may mean {pictures[0]} or {pictures[1]}; remove one of the two"
        for identifier, pictures in meant.items()
        if len(pictures) > 1
    ]
    if faults:
        raise UserError(*shorten_faults(faults))
    counts = Counter(path for pictures in meant.values() for path in pictures)
    return {i: pictures[0] for i, pictures in meant.items() if pictures and counts[pictures[0]] < 2}


def _as_is(identifier: str) -> list[str]:
    return [identifier]


def _clean(path: str) -> str:
    """Return the path with forward slashes and without `.`, each part as its name's key."""
    parts = map(str.strip, path.replace("\\", "/").split("/"))
    return compute_path_key("/".join(part for part in parts if part not in ("", ".")))


def _list_ends(path: str) -> list[str]:
    """Return a/b/c, b/c and c for the path a/b/c."""
    parts = path.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _list_bare(path: str) -> list[str]:
    """Return a.nii and a for the path a.nii.gz."""
    bare = []
    while (shorter := _EXTENSION.sub("", path)) != path:
        bare.append(shorter)
        path = shorter
    return bare


def _list_id_keys(identifier: str) -> list[str]:
    """Return the id, and each of its ends after a slash, which marks a path from the data root."""
    clean = _clean(identifier)
    return [clean, *(f"/{end}" for end in _list_ends(clean))]


def _list_picture_keys(path: str, _inner: str) -> list[str]:
    """Return each end of the path and, after a slash, the whole, with and without extension."""
    names = [_clean(path), _clean(_cut_extension(path))]
    return [key for name in names for key in (*_list_ends(name), f"/{name}")]


def _list_names(_path: str, inner: str) -> list[str]:
    """Return path and name within the folder, with and without extension."""
    name = inner.rpartition("/")[2]
    return [inner, name, _cut_extension(inner), _cut_extension(name)]


_STEPS = (
    _Step("", _as_is, lambda path, inner: _list_names(path, inner)[:1]),
    _Step("", _as_is, lambda path, inner: _list_names(path, inner)[1:2]),
    _Step("name without extension", _as_is, lambda path, inner: _list_names(path, inner)[2:3]),
    _Step("name without extension", _as_is, lambda path, inner: _list_names(path, inner)[3:]),
    _Step(
        "name in another spelling",
        lambda identifier: [compute_path_key(identifier)],
        lambda path, inner: map(compute_path_key, _list_names(path, inner)),
    ),
    _Step("path from another folder", _list_id_keys, _list_picture_keys),
    _Step(
        "name in other case",
        lambda identifier: map(str.casefold, _list_id_keys(identifier)),
        lambda path, inner: map(str.casefold, _list_picture_keys(path, inner)),
    ),
    _Step(
        "name with another extension",
        lambda identifier: [
            bare.casefold() for key in _list_id_keys(identifier) for bare in _list_bare(key)
        ],
        # only the id loses extensions: p1.left does not mean p1.right.jpg
        lambda path, inner: map(str.casefold, _list_picture_keys(path, inner)),
    ),
)


def _cut_folder(paths: Iterable[str], folder: str) -> dict[str, str]:
    """Return the path of each picture within `folder`."""
    prefix = f"{PurePosixPath(folder).as_posix()}/"
    return {path: path.removeprefix(prefix) for path in paths}


def _cut_extension(path: str) -> str:
    """Return the path of a picture without its extension, which it always has."""
    return path.rpartition(".")[0]
