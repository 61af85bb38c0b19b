"""A competition as it lies on disk: what to train on, what to answer, what is left out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from foldline.data.competition.labels import Picture, read_labels
from foldline.data.competition.layout import (
    describe_layout,
    list_used,
    require_competition,
    scan_folders,
)
from foldline.data.competition.people import compare_people
from foldline.data.competition.same_files import drop_same_files
from foldline.data.competition.sample_file import (
    FoundSample,
    SampleFile,
    find_sample_file,
    search_sample_file,
)
from foldline.data.competition.scan import Rejected, Scan
from foldline.data.competition.schemes import Scheme
from foldline.data.competition.test_set import (
    MISSING,
    UNREADABLE,
    TestSet,
    match_ids,
    means_picture,
    name_ids,
)
from foldline.data.competition.verify import Fault
from foldline.errors import UserError
from foldline.spelling import describe_spellings, find_on_disk
from foldline.text import count_and_name, name_some

NUM_FAULTS_NAMED = 10
# so many ids that cannot be answered, and so large a share of all, are told loudly
NUM_UNANSWERED_TOLD, UNANSWERED_TOLD = 3, 0.1
GUESSED = "answered by the most frequent class"


@dataclass(frozen=True, slots=True)
class Competition:
    """What was found under a data root.

    `warnings` are lines for the user; `unanswerable_ids` are the test ids without a picture that
    can be read; `skipped` counts files that nobody misses, by reason.
    """

    pictures: Sequence[Picture]
    class_names: tuple[str, ...]
    test: TestSet
    sample: SampleFile | None
    sample_path: Path | None
    rejected: Sequence[Rejected]
    skipped: Mapping[str, int]
    unanswerable_ids: Sequence[str]
    warnings: Sequence[str]

    @property
    def groups(self) -> list[str]:
        return [picture.group for picture in self.pictures]

    @property
    def labels(self) -> list[int]:
        return [picture.label for picture in self.pictures]


def read_competition(
    root: Path,
    scheme: Scheme,
    *,
    train_dir: str,
    test_dir: str,
    valid_dir: str | None = None,
    sample_file: str | None = None,
    search_sample: bool = True,
    check: Callable[[Sequence[str]], Mapping[str, Fault]],
    fail_on_bad: bool = False,
) -> Competition:
    """Find, label and check the pictures of the competition at `root`.

    `valid_dir` is the validation folder, where the data came with one. `sample_file` is the sample
    submission where it has none of the scheme's names; with `search_sample` one is looked for.
    `check` gives the faults of the pictures at the paths it is given. Raises `UserError` where
    there is no competition, nothing usable or only one class in it, where the sample file is
    faulty or is of other pictures, and for bad labelled pictures if `fail_on_bad`.
    """
    train_dir, test_dir = find_on_disk(root, train_dir), find_on_disk(root, test_dir)
    valid_dir = valid_dir and find_on_disk(root, valid_dir)
    require_competition(root, train_dir, test_dir, valid_dir)
    scans, test_scan = scan_folders(root, train_dir, valid_dir, test_dir)
    pictures, class_names, misnamed = _read_labels(scheme, scans)
    pictures, repeated = drop_same_files(root, pictures, _list_inodes(scans), class_names)
    named = find_sample_file(root, scheme.sample_files, sample_file)
    if named.sample is None and search_sample and test_scan.paths:
        train_paths = [path for scan in scans.values() for path in scan.paths]
        named = search_sample_file(
            root, test_scan.paths, test_dir, train_paths=train_paths, class_names=class_names
        )
    listed = _list_test(root, test_scan.paths, test_dir, named, scheme)
    faults = check([p.path for p in pictures] + [path for path in listed.paths if path])
    usable = sorted((p for p in pictures if p.path not in faults), key=lambda picture: picture.path)
    if fail_on_bad:
        _refuse_bad(root, {p.path: faults[p.path] for p in pictures if p.path in faults})
    all_scans = [*scans.values(), test_scan]
    rejected = [*chain.from_iterable(scan.rejected for scan in all_scans), *misnamed, *repeated]
    rejected += [Rejected(path, fault.reason, fault.detail) for path, fault in faults.items()]
    _require_usable(root, scans, usable, rejected)
    _require_two_classes(root / train_dir, scheme, class_names)
    if scheme.class_names is None:
        _require_every_class(root / train_dir, class_names, usable, faults, pictures)
    test = listed.leave_out(faults)
    warnings = describe_spellings(path for scan in all_scans for path in scan.paths)
    warnings += _compare_people(root, scheme, scans)
    warnings += describe_layout(root, scheme, scans, test_scan, class_names, test_dir=test_dir)
    extra = sorted(set(test_scan.paths) - set(listed.paths))
    warnings += [*named.warnings, *_describe_test(test, extra, root / test_dir, named.path)]
    if scheme.needs_sample_file and named.sample is None:
        warnings.append(f"{root / scheme.sample_files[0]} is missing: no test picture is answered")
    return Competition(
        pictures=usable,
        class_names=class_names,
        test=test,
        sample=named.sample,
        sample_path=named.path,
        rejected=sorted(rejected, key=lambda item: item.path),
        skipped=sum((Counter(scan.skipped) for scan in all_scans), Counter()),
        unanswerable_ids=[i for i, path in zip(test.ids, test.paths, strict=True) if not path],
        warnings=warnings,
    )


def _read_labels(
    scheme: Scheme, scans: Mapping[str, Scan]
) -> tuple[list[Picture], tuple[str, ...], list[Rejected]]:
    (train_dir, train), *given = scans.items()
    if not given:
        return read_labels(scheme, train.paths, train_dir)
    valid_dir, valid = given[0]
    return read_labels(scheme, train.paths, train_dir, valid_paths=valid.paths, valid_dir=valid_dir)


def _list_inodes(scans: Mapping[str, Scan]) -> dict[str, int]:
    """The number of each labelled picture's file on its disk."""
    return {
        path: inode
        for scan in scans.values()
        for path, inode in zip(scan.paths, scan.inodes, strict=True)
    }


def _list_test(
    root: Path, paths: Sequence[str], test_dir: str, named: FoundSample, scheme: Scheme
) -> TestSet:
    """The rows of the submission, in the order of the sample file or, without one, of the names.

    Raises `UserError` where there are pictures and none of them is asked for, and where the sample
    file has no header.
    """
    sample = named.sample
    if sample is None:
        # where the order is known from the file alone a guessed one would score like noise
        return TestSet([], []) if scheme.needs_sample_file else name_ids(paths, test_dir)
    test = match_ids(sample.ids, paths, test_dir)
    if paths and not any(test.paths):
        raise UserError(
            f"{named.path}: none of its {len(sample.ids)} ids means a picture in "
            f"{root / test_dir}: the first id is {sample.ids[0]!r}, the first picture "
            f"{PurePosixPath(paths[0]).name!r}; see data.test_dir and data.sample_file"
        )
    extra = set(paths) - set(test.paths)
    if means_picture(sample.columns[0], extra, test_dir):
        raise UserError(
            f"{named.path}: line 1: {sample.columns[0]!r} is a picture in {root / test_dir}, where "
            "the names of the two columns are expected; put a header such as id,label above it"
        )
    return test


def _compare_people(root: Path, scheme: Scheme, scans: Mapping[str, Scan]) -> list[str]:
    if scheme.people_file is None:
        return []
    folders = set[str]().union(*(list_used(scan, folder) for folder, scan in scans.items()))
    return compare_people(root / scheme.people_file, folders)


def _describe_test(
    test: TestSet, extra: Sequence[str], folder: Path, sample_path: Path | None
) -> list[str]:
    """Lines on the test pictures that are missing, unreadable, or asked for by nobody."""
    by_problem: dict[str, list[str]] = {MISSING: [], UNREADABLE: [], "": []}
    for identifier, problem in zip(test.ids, test.list_problems(), strict=True):
        by_problem[problem].append(identifier)
    missing, unreadable = by_problem[MISSING], by_problem[UNREADABLE]
    lines = []
    if _are_many(missing, test):
        beside = f" beside {extra[0]!r}" if extra else ""
        lines += [
            f"MANY TEST PICTURES ARE MISSING: {len(missing)} of {len(test.ids)} ids mean none in "
            f"{folder}, such as {missing[0]!r}{beside}",
            f"what is missing is {GUESSED}; is {sample_path} of other pictures?",
        ]
    elif missing:
        lines.append(f"test ids without a picture, {GUESSED}: {count_and_name(missing)}")
    if _are_many(unreadable, test):
        lines += [
            f"MANY TEST PICTURES CANNOT BE READ: {len(unreadable)} of {len(test.ids)}, such as "
            f"{unreadable[0]!r}; each is named in rejected.csv",
            f"what cannot be read is {GUESSED}; is the archive unpacked whole?",
        ]
    elif unreadable:
        lines.append(f"unreadable test pictures, {GUESSED}: {count_and_name(unreadable)}")
    if extra:
        lines.append(f"pictures in {folder} that {sample_path} does not ask for: {len(extra)}")
    return lines


def _are_many(unanswered: Sequence[str], test: TestSet) -> bool:
    """Whether so many ids cannot be answered that it is no accident."""
    num = len(unanswered)
    return num >= NUM_UNANSWERED_TOLD and num > UNANSWERED_TOLD * len(test.ids)


def _refuse_bad(root: Path, faults: Mapping[str, Fault]) -> None:
    if not faults:
        return
    lines = [
        f"{root / path}: {fault.reason}{f': {fault.detail}' if fault.detail else ''}"
        for path, fault in faults.items()
    ]
    advice = "repair or remove them, or set data.on_bad_image=reject to leave them out"
    raise UserError(*lines[:NUM_FAULTS_NAMED], f"bad pictures, in all: {len(lines)}; {advice}")


def _require_usable(
    root: Path, scans: Mapping[str, Scan], usable: Sequence[Picture], rejected: Sequence[Rejected]
) -> None:
    """Raise `UserError` for a folder of labelled pictures with nothing usable in it."""
    used = {picture.is_given_valid for picture in usable}
    for is_valid, (folder, scan) in enumerate(scans.items()):
        if is_valid not in used:
            inside = [item for item in rejected if PurePosixPath(item.path).is_relative_to(folder)]
            raise UserError(_explain_nothing(root / folder, scan, inside))


def _require_two_classes(folder: Path, scheme: Scheme, class_names: Sequence[str]) -> None:
    if len(class_names) < 2:
        key = "data.train_dir, which holds the classes' folders"
        raise UserError(
            f"{folder}: all pictures are of one class, {class_names[0]}, where two or more are to "
            f"be told apart; see {key if scheme.classes_are_folders else 'data.pattern'}"
        )


def _require_every_class(
    folder: Path,
    class_names: Sequence[str],
    usable: Sequence[Picture],
    faults: Mapping[str, Fault],
    pictures: Sequence[Picture],
) -> None:
    """Raise `UserError` for a class that is there and of which no picture can be used."""
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
        return f"{folder}: no .jpg, .jpeg or .png found; {skipped or 'the folder is empty'}"
    counted = ", ".join(
        f"{n} {why}" for why, n in Counter(r.reason for r in rejected).most_common()
    )
    first = rejected[0]
    detail = f" ({first.detail})" if first.detail else ""
    return f"{folder}: no usable picture: {counted}; the first is {first.path}{detail}"
