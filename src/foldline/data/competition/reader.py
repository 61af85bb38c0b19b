"""Read a competition from disk: what to train on, what to answer, what is left out."""

from collections import ChainMap, Counter
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
from foldline.data.competition.usable import (
    refuse_bad,
    require_every_class,
    require_two_classes,
    require_usable,
)
from foldline.data.competition.verify import Fault
from foldline.errors import UserError
from foldline.spelling import describe_spellings, find_on_disk
from foldline.text import count_and_name

# from this many unanswerable ids on, if they are more than this share, the warning is loud
MIN_UNANSWERED, UNANSWERED_SHARE = 3, 0.1
GUESSED = "answered by the most frequent class"


@dataclass(frozen=True, slots=True)
class Competition:
    """What was found under a data root.

    `warnings` are lines for the user; `skipped` counts, by reason, files that nobody misses.
    """

    pictures: Sequence[Picture]
    class_names: tuple[str, ...]
    test: TestSet
    sample: SampleFile | None
    sample_path: Path | None
    rejected: Sequence[Rejected]
    skipped: Mapping[str, int]
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

    `valid_dir` is the validation folder, if the data came with one. `sample_file` names the sample
    submission if its name is none of the scheme's; with `search_sample`, one is looked for.
    `check` returns the faults of the pictures at the paths it is given. Raise `UserError` if there
    is no competition, if nothing in it is usable or all is of one class, if the sample file is
    faulty or belongs to other pictures, and with `fail_on_bad` for bad labelled pictures.
    """
    train_dir, test_dir = find_on_disk(root, train_dir), find_on_disk(root, test_dir)
    valid_dir = valid_dir and find_on_disk(root, valid_dir)
    require_competition(root, train_dir, test_dir, valid_dir)
    scans, test_scan = scan_folders(root, train_dir, valid_dir, test_dir)
    all_scans = [*scans.values(), test_scan]
    folders = {folder: scan.paths for folder, scan in scans.items()}
    pictures, class_names, misnamed = read_labels(scheme, folders)
    inodes = ChainMap(*(dict(scan.inodes) for scan in scans.values()))
    pictures, repeated = drop_same_files(root, pictures, inodes, class_names)
    named = find_sample_file(root, scheme.sample_files, sample_file)
    if named.sample is None and search_sample and test_scan.paths:
        train_paths = [*chain.from_iterable(folders.values())]
        named = search_sample_file(
            root, test_scan.paths, test_dir, train_paths=train_paths, class_names=class_names
        )
    listed = _list_test(root, test_scan.paths, test_dir, named, scheme)
    faults = check([p.path for p in pictures] + [path for path in listed.paths if path])
    usable = sorted((p for p in pictures if p.path not in faults), key=lambda picture: picture.path)
    if fail_on_bad:
        refuse_bad(root, {p.path: faults[p.path] for p in pictures if p.path in faults})
    rejected = [*chain.from_iterable(scan.rejected for scan in all_scans), *misnamed, *repeated]
    rejected += [Rejected(path, fault.reason, fault.detail) for path, fault in faults.items()]
    require_usable(root, scans, usable, rejected)
    require_two_classes(root / train_dir, scheme, class_names)
    if scheme.class_names is None:
        require_every_class(root / train_dir, class_names, usable, faults, pictures)
    test = listed.leave_out(faults)
    extra = sorted(set(test_scan.paths) - set(listed.paths))
    warnings = [
        *describe_spellings(path for scan in all_scans for path in scan.paths),
        *_compare_people(root, scheme, scans),
        *describe_layout(root, scheme, scans, test_scan, class_names, test_dir=test_dir),
        *named.warnings,
        *_describe_test(test, extra, root / test_dir, named.path),
    ]
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
        warnings=warnings,
    )


def _list_test(
    root: Path, paths: Sequence[str], test_dir: str, named: FoundSample, scheme: Scheme
) -> TestSet:
    """Return the rows of the submission, in the order of the sample file, else of the names.

    Raise `UserError` if there are pictures but none is asked for, or if the sample file has no
    header.
    """
    sample = named.sample
    if sample is None:
        # if only that file knows the order, a guessed one would score like noise
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
    """Return lines on test pictures that are missing, unreadable, or not asked for."""
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
    """Return whether too many ids cannot be answered for it to be an accident."""
    num = len(unanswered)
    return num >= MIN_UNANSWERED and num > UNANSWERED_SHARE * len(test.ids)
