"""How long `foldline prepare` takes, and whether its labels and folds are right.

Writes the pictures of a list (`path,label`, paths as under train/images of the mask competition) as
tiny files, once and, under other names, ten times, and prepares each several times with the files
in the page cache:

    python benchmarks/prepare_speed.py list.csv /tmp/pictures --runs 5

Prints the median and the range of the wall time of the whole command. Ends with 1 if a label or a
fold is wrong. Ten times 18,900 pictures take about 800 MB of disk.
"""

import argparse
import csv
import io
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from PIL import Image

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}


def main() -> None:
    """Measure at both sizes, print a line for each and the ratio."""
    arguments = parse_arguments()
    with arguments.list.open(encoding="utf-8", newline="") as file:
        labels = {row["path"]: int(row["label"]) for row in csv.DictReader(file)}
    medians = {}
    for copies in (1, arguments.times):
        root = arguments.directory / f"x{copies}"
        expected = write_pictures(root, labels, copies)
        seconds = [run_prepare(root) for _ in range(arguments.runs + 1)][1:]
        medians[copies] = statistics.median(seconds)
        check_table(root, expected)
        median, span = medians[copies], f"{min(seconds):.2f}–{max(seconds):.2f}"
        print(f"{len(expected)} pictures: median {median:.2f} s ({span}, {len(seconds)} runs)")
    ratio = medians[arguments.times] / medians[1]
    print(f"{arguments.times} times the pictures take {ratio:.1f} times as long")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure foldline prepare on tiny pictures.")
    parser.add_argument("list", type=Path, help="CSV path,label")
    parser.add_argument("directory", type=Path, help="where to write the pictures")
    parser.add_argument("--runs", type=int, default=5, help="measured runs, after one unmeasured")
    parser.add_argument("--times", type=int, default=10, help="the larger size")
    return parser.parse_args()


def write_pictures(root: Path, labels: dict[str, int], copies: int) -> dict[str, int]:
    """Write every picture `copies` times, each copy as other people; gives path to label."""
    contents = {suffix: encode_picture(name) for suffix, name in FORMATS.items()}
    expected = {}
    for copy in range(copies):
        for path, label in labels.items():
            target = f"train/images/{copy}{path}"
            expected[target] = label
            if not (root / target).exists():
                (root / target).parent.mkdir(parents=True, exist_ok=True)
                (root / target).write_bytes(contents[Path(path).suffix.lower()])
    return expected


def encode_picture(file_format: str) -> bytes:
    """A picture of 12 × 16 pixels."""
    stream = io.BytesIO()
    Image.new("RGB", (12, 16), (200, 150, 120)).save(stream, file_format)
    return stream.getvalue()


def run_prepare(root: Path) -> float:
    """Prepare the pictures at `root` from nothing but the page cache; gives seconds."""
    command = [sys.executable, "-m", "foldline", "prepare", f"data.root={root.resolve()}"]
    start = time.perf_counter()
    subprocess.run(command, cwd=root.parent, check=True, capture_output=True)
    return time.perf_counter() - start


def check_table(root: Path, expected: dict[str, int]) -> None:
    """Exit with 1 unless labels are the list's, people whole, and classes within one of even."""
    table = root.parent / "outputs/prepared" / root.name / "train.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if {row["path"]: int(row["label"]) for row in rows} != expected:
        sys.exit(f"{table}: labels are not those of the list")
    fold_of = {(row["group"], row["fold"]) for row in rows}
    if len(fold_of) != len({row["group"] for row in rows}):
        sys.exit(f"{table}: a person is in two folds")
    people = {(row["label"], row["fold"], row["group"]) for row in rows}
    shares = Counter((label, fold) for label, fold, _ in people)
    for label in {label for label, _ in shares}:
        counts = [count for (of, _), count in shares.items() if of == label]
        if max(counts) - min(counts) > 1:
            sys.exit(f"{table}: class {label} is not split evenly: {sorted(counts)}")


if __name__ == "__main__":
    main()
