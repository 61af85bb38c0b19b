"""A competition as it lies on disk: what to train on, what to answer, what is left out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foldline.data.people import compare_people, count_and_name, name_some
from foldline.data.pictures import Picture, read_labels
from foldline.data.scan import Rejected, Scan, scan_pictures
from foldline.data.schemes import Scheme
from foldline.data.testset import SampleFile, TestSet, load_sample_file, match_ids, name_ids
from foldline.data.verify import Fault
from foldline.errors import UserError

NUM_FAULTS_NAMED = 10
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


def read_competition(
    root: Path,
    scheme: Scheme,
    *,
    train_dir: str,
    test_dir: str,
    check: Callable[[Sequence[str]], Mapping[str, Fault]],
    fail_on_bad: bool = False,
) -> Competition:
    """Find, label and check the pictures of the competition at `root`.

    `check` gives the faults of the pictures at the paths it is given. Raises `UserError` where
    there is no competition or nothing usable in it, where the sample file is faulty, and for bad
    training pictures if `fail_on_bad`.
    """
    _require_competition(root, train_dir)
    scan = scan_pictures(root, train_dir, exclude=[test_dir])
    pictures, class_names, misnamed = read_labels(scheme, scan.paths, train_dir)
    test_scan = Scan([], {}, [])
    if (root / test_dir).is_dir():
        test_scan = scan_pictures(root, test_dir)
    sample, sample_path = _find_sample_file(root, scheme)
    listed = _list_test(test_scan.paths, test_dir, sample, scheme)
    faults = check([p.path for p in pictures] + [path for path in listed.paths if path])
    usable = [picture for picture in pictures if picture.path not in faults]
    if fail_on_bad:
        _refuse_bad(root, {p.path: faults[p.path] for p in pictures if p.path in faults})
    rejected = [*scan.rejected, *test_scan.rejected, *misnamed]
    rejected += [Rejected(path, fault.reason, fault.detail) for path, fault in faults.items()]
    if not usable:
        raise UserError(_explain_nothing(root / train_dir, scan, rejected))
    test = TestSet(
        listed.ids, [p if p not in faults else "" for p in listed.paths], listed.num_extra
    )
    warnings = _compare_people(root, scheme, scan, train_dir)
    warnings += _describe_test(listed, test, root / test_dir, sample_path)
    if scheme.needs_sample_file and sample is None:
        warnings.append(f"{root / scheme.sample_files[0]} is missing: no test picture is answered")
    return Competition(
        pictures=usable,
        class_names=class_names,
        test=test,
        sample=sample,
        sample_path=sample_path,
        rejected=sorted(rejected, key=lambda item: item.path),
        skipped=Counter(scan.skipped) + Counter(test_scan.skipped),
        unanswerable_ids=[i for i, path in zip(test.ids, test.paths, strict=True) if not path],
        warnings=warnings,
    )


def _require_competition(root: Path, train_dir: str) -> None:
    """Raise `UserError` if there is no competition at `root`, or one laid out otherwise."""
    if (root / train_dir).is_dir():
        return
    entries = sorted(root.iterdir()) if root.is_dir() else []
    folders = [f"{e.name}/" for e in entries if e.is_dir() and not e.name.startswith(".")]
    if not folders:
        raise UserError(
            f"no competition at {root}; put it there, or run `make demo` for the drawn sample"
        )
    raise UserError(
        f"{root / train_dir}: no such folder; {root} holds {name_some(folders)}; "
        "set data.scheme or data.train_dir"
    )


def _find_sample_file(root: Path, scheme: Scheme) -> tuple[SampleFile | None, Path | None]:
    for name in scheme.sample_files:
        if (root / name).is_file():
            return load_sample_file(root / name), root / name
    return None, None


def _list_test(
    paths: Sequence[str], test_dir: str, sample: SampleFile | None, scheme: Scheme
) -> TestSet:
    """The rows of the submission, in the order of the sample file or, without one, of the names."""
    if sample:
        return match_ids(sample.ids, paths, test_dir)
    # where the order is known from the file alone a guessed one would score like noise
    return TestSet([], []) if scheme.needs_sample_file else name_ids(paths, test_dir)


def _compare_people(root: Path, scheme: Scheme, scan: Scan, train_dir: str) -> list[str]:
    if scheme.people_file is None:
        return []
    depth = len(Path(train_dir).parts)
    folders = {path.split("/")[depth] for path in scan.paths if path.count("/") > depth}
    return compare_people(root / scheme.people_file, folders)


def _describe_test(
    listed: TestSet, readable: TestSet, folder: Path, sample_path: Path | None
) -> list[str]:
    """Lines on the test pictures that are missing, unreadable, or asked for by nobody."""
    rows = list(zip(listed.ids, listed.paths, readable.paths, strict=True))
    missing = [identifier for identifier, path, _ in rows if not path]
    unreadable = [identifier for identifier, path, usable in rows if path and not usable]
    lines = []
    if missing:
        lines.append(f"test ids without a picture, {GUESSED}: {count_and_name(missing)}")
    if unreadable:
        lines.append(f"unreadable test pictures, {GUESSED}: {count_and_name(unreadable)}")
    if listed.num_extra:
        lines.append(
            f"pictures in {folder} that {sample_path} does not ask for: {listed.num_extra}"
        )
    return lines


def _refuse_bad(root: Path, faults: Mapping[str, Fault]) -> None:
    if not faults:
        return
    lines = [
        f"{root / path}: {fault.reason}{f': {fault.detail}' if fault.detail else ''}"
        for path, fault in faults.items()
    ]
    advice = "repair or remove them, or set data.on_bad_image=reject to leave them out"
    raise UserError(*lines[:NUM_FAULTS_NAMED], f"bad pictures, in all: {len(lines)}; {advice}")


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
