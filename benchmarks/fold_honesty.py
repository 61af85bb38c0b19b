"""How far out-of-fold scores are from the truth, with folds by person and with folds by image.

    .venv/bin/python benchmarks/fold_honesty.py --seeds 0 1 2 3 4

Draws one sample competition a seed, trains the demo's recipe on both kinds of folds, and compares
the macro-F1 of the joined out-of-fold file with the truth: that of the submission, which averages
the folds' networks, and that of one of these networks alone, which is what out of fold estimates.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

KINDS = ("group", "image")
# more than the demo's, so that chance among those to be scored on blurs the truth less
EVAL_PEOPLE = 300
RECIPE = Path(__file__).resolve().parent.parent / "configs/sample.yaml"


def run_stage(folder: Path, stage: str, *overrides: str) -> None:
    command = [sys.executable, "-m", "foldline", stage, "--config", str(RECIPE), *overrides]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)


@dataclass(frozen=True)
class Measured:
    """Macro-F1: out of fold, of the submission, and of one network alone (mean over the folds)."""

    out_of_fold: float
    truth: float
    one_network: float


def measure(folder: Path, kind: str, seed: int) -> Measured:
    """One kind of folds on one drawn competition."""
    settings = (
        f"run={kind}",
        f"seed={seed}",
        f"folds.kind={kind}",
        f"data.name={kind}",
        "track.mode=disabled",
        "report.after_training=false",
    )
    for stage in ("prepare", "train", "infer"):
        run_stage(folder, stage, *settings)
    # each fold's network alone, on the same pictures
    run_stage(folder, "evaluate", *settings, "evaluate.split=test")
    run = folder / "outputs/runs" / kind
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    submission = json.loads((run / "submission.json").read_text(encoding="utf-8"))
    return Measured(
        scores["out_of_fold"]["macro_f1"],
        submission["truth"]["macro_f1"],
        float(pd.read_csv(run / "evaluation.csv")["macro_f1"].mean()),
    )


def measure_seed(folder: Path, seed: int) -> dict[str, Measured]:
    """Both kinds of folds on the competition of one seed."""
    folder.mkdir(parents=True, exist_ok=True)
    run_stage(folder, "sample", f"sample.seed={seed}", f"sample.eval_people={EVAL_PEOPLE}")
    results = {kind: measure(folder, kind, seed) for kind in KINDS}
    for kind, of_kind in results.items():
        gap = of_kind.out_of_fold - of_kind.truth
        print(
            f"{seed:<6}{kind:<7}{of_kind.out_of_fold:>11.3f}{of_kind.one_network:>13.3f}"
            f"{of_kind.truth:>12.3f}{gap:>+8.3f}",
            flush=True,
        )
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--parallel", type=int, default=2, help="seeds at a time, cores shared")
    parser.add_argument("--folder", type=Path, default=Path("outputs/fold_honesty"))
    arguments = parser.parse_args()
    threads = max(1, (os.cpu_count() or 1) // arguments.parallel)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    print("seed  folds  out of fold  one network  submission     gap")
    with ThreadPoolExecutor(arguments.parallel) as pool:
        folders = [arguments.folder / f"seed_{seed}" for seed in arguments.seeds]
        results = list(pool.map(measure_seed, folders, arguments.seeds))
    for kind in KINDS:
        of_kind = [of_seed[kind] for of_seed in results]
        print(
            f"{kind}: out of fold minus submission "
            f"{describe([one.out_of_fold - one.truth for one in of_kind])}, minus one network "
            f"{describe([one.out_of_fold - one.one_network for one in of_kind])}"
        )


def describe(gaps: Sequence[float]) -> str:
    """Mean and its standard error."""
    error = statistics.stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else float("nan")
    return f"{statistics.mean(gaps):+.3f} ± {error:.3f}"


if __name__ == "__main__":
    main()
