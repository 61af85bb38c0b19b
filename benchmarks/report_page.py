"""How long `foldline report` takes for many runs, how large its page is, and how long it opens.

Writes a synthetic competition of people with seven tiny pictures each and runs that answered all of
them, makes the page with the real command, and opens it several times in a headless Chromium:

    python -m benchmarks.report_page /tmp/report --runs 50 --people 2700

Prints one line per figure, and ends with 1 where the page cannot be opened or something in it
fails. Fifty runs of 2,700 people take about 450 MB of disk.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from tests.browser import CHROMIUM, Page, open_browser

CLASSES = [
    f"{mask}-{gender}-{age}"
    for mask in ("wear", "incorrect", "bare")
    for gender in ("male", "female")
    for age in ("<30", "30-59", "60+")
]
SHOTS = ("mask1", "mask2", "mask3", "mask4", "mask5", "incorrect_mask", "normal")
PAGE = Path("outputs/report/index.html")


def main() -> None:
    """Make the runs, build the page, open it, and print what each took."""
    arguments = parse_arguments()
    directory = arguments.directory.resolve()
    rows = build_rows(arguments.people)
    write_pictures(directory, rows)
    for number in range(arguments.runs):
        write_run(directory, rows, number)
    seconds = [build_page(directory) for _ in range(arguments.repeat)]
    page = directory / PAGE
    print(f"{arguments.runs} runs of {len(rows)} pictures", flush=True)
    print(f"build: median {statistics.median(seconds):.1f} s of {show(seconds)}")
    print(f"size: {page.stat().st_size / 1e6:.1f} MB", flush=True)
    if CHROMIUM is None:
        sys.exit("no chromium to open the page with")
    with open_browser() as browser:
        browser.ask("Performance.enable")
        opened = [open_page(browser, page) for _ in range(arguments.repeat)]
        faults = browser.list_errors()
    whole, used = ([one[part] for one in opened] for part in (0, 1))
    print(f"open: median {statistics.median(whole):.2f} s of {show(whole)}")
    print(f"of it the processor: median {statistics.median(used):.2f} s of {show(used)}")
    if faults:
        sys.exit("\n".join(faults))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure foldline report on synthetic runs.")
    parser.add_argument("directory", type=Path, help="where to write competition, runs and page")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--people", type=int, default=2700, help="seven pictures each")
    parser.add_argument("--repeat", type=int, default=3, help="times of building and of opening")
    return parser.parse_args()


def build_rows(people: int) -> pd.DataFrame:
    """The table of pictures: people of random gender and age, dealt to five folds."""
    looks = np.random.default_rng(0).integers(0, 6, people)
    names = [f"{number:06d}_drawn" for number in range(people)]
    return pd.DataFrame(
        {
            "path": [f"train/images/{name}/{shot}.jpg" for name in names for shot in SHOTS],
            "group": np.repeat(names, len(SHOTS)),
            "fold": np.repeat(np.arange(people) % 5, len(SHOTS)),
            "label": [
                look + {"incorrect_mask": 6, "normal": 12}.get(shot, 0)
                for look in looks.tolist()
                for shot in SHOTS
            ],
        }
    )


def write_pictures(directory: Path, rows: pd.DataFrame) -> None:
    """A coloured blur for every picture, 128 × 96 pixels, unless it is there already."""
    random = np.random.default_rng(1)
    for path in rows["path"]:
        target = directory / "inputs/synthetic" / path
        coarse = random.integers(0, 256, (8, 6, 3), dtype=np.uint8)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(coarse).resize((96, 128), Image.Resampling.BICUBIC).save(target)


def write_run(directory: Path, rows: pd.DataFrame, number: int) -> None:
    """One run, each a little better than the one before, with what `foldline train` writes."""
    folder = directory / f"outputs/runs/run-{number:02d}"
    random = np.random.default_rng(number)
    logits = random.normal(0, 1.2, (len(rows), len(CLASSES)))
    logits[np.arange(len(rows)), rows["label"]] += 2.5 + 0.03 * number
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    table = rows.assign(train_label=rows["label"])
    answers = pd.DataFrame(probs, columns=[f"p_{name}" for name in CLASSES])
    folder.mkdir(parents=True, exist_ok=True)
    pd.concat([table, answers], axis=1).to_csv(folder / "oof.csv", index=False)
    score = 0.6 + 0.005 * number
    interval = [score - 0.02, score + 0.02]
    whole = {"macro_f1": score, "accuracy": score + 0.05, "log_loss": 1 - score / 2}
    by_fold = {str(fold): whole | {"macro_f1": score + 0.01 * (fold - 2)} for fold in range(5)}
    scores = {
        "folds": by_fold,
        "out_of_fold": whole | {"macro_f1_interval": interval},
        "pictures": len(rows),
    }
    (folder / "scores.json").write_text(json.dumps(scores))
    (folder / "environment.json").write_text(json.dumps({"seal": "5ea1" * 16}))
    (folder / "config.yaml").write_text(
        "data: {root: inputs/synthetic, name: null}\n"
        f"model: {{name: resnet{18 if number % 2 else 34}}}\n"
        f"train: {{optimizer: {{lr: {0.0001 * (1 + number)}}}}}\n"
    )
    for fold in range(5):
        write_history(folder / f"fold_{fold}", score, random)


def write_history(folder: Path, score: float, random: np.random.Generator) -> None:
    """Twelve epochs that come near `score`."""
    folder.mkdir(exist_ok=True)
    lines = []
    for epoch in range(1, 13):
        reached = max(0.0, score * (1 - 0.7**epoch) + random.normal(0, 0.01))
        row = {"epoch": epoch, "macro_f1": reached, "accuracy": reached + 0.05, "seconds": 60.0}
        row |= {"log_loss": 1 - reached, "train_loss": 1 - reached, "is_best": epoch == 12}
        lines.append(json.dumps(row))
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")


def build_page(directory: Path) -> float:
    """Run the command in `directory`; gives seconds."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "foldline", "report"],
        cwd=directory,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def open_page(browser: Page, page: Path) -> tuple[float, float]:
    """Seconds until the page is ready, and those that its main thread has used of them."""
    seconds = browser.open(page)
    metrics = browser.ask("Performance.getMetrics")["metrics"]
    (used,) = (one["value"] for one in metrics if one["name"] == "ThreadTime")
    return seconds, used


def show(seconds: Sequence[float]) -> str:
    """`1.20, 1.31`."""
    return ", ".join(f"{one:.2f}" for one in seconds)


if __name__ == "__main__":
    main()
