"""How far out-of-fold scores are from the truth, with folds by person and with folds by image.

    .venv/bin/python benchmarks/fold_honesty.py --seeds 0 1 2 3 4

Draws one sample competition a seed, trains the demo's recipe on both kinds of folds, and compares
the macro-F1 of the joined out-of-fold file with the one of the submission against the truth.

"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

KINDS = ("group", "image")
RECIPE = Path(__file__).resolve().parent.parent / "configs/sample.yaml"


def run_stage(folder: Path, stage: str, *overrides: str) -> None:
    command = [sys.executable, "-m", "foldline", stage, "--config", str(RECIPE), *overrides]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def measure(folder: Path, kind: str, seed: int) -> tuple[float, float]:
    """(out-of-fold, truth) macro-F1 of one kind of folds on one drawn competition."""
    settings = (
        f"run={kind}",
        f"seed={seed}",
        f"folds.kind={kind}",
        f"data.name={kind}",
        "track.mode=disabled",
    )
    for stage in ("prepare", "train", "infer"):
        run_stage(folder, stage, *settings)
    run = folder / "outputs/runs" / kind
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    submission = json.loads((run / "submission.json").read_text(encoding="utf-8"))
    return scores["out_of_fold"]["macro_f1"], submission["truth"]["macro_f1"]


def measure_seed(folder: Path, seed: int) -> dict[str, tuple[float, float]]:
    """Both kinds of folds on the competition of one seed."""
    folder.mkdir(parents=True, exist_ok=True)
    run_stage(folder, "sample", f"sample.seed={seed}")
    results = {kind: measure(folder, kind, seed) for kind in KINDS}
    for kind, (out_of_fold, truth) in results.items():
        gap = out_of_fold - truth
        print(f"{seed:<6}{kind:<7}{out_of_fold:>11.3f}{truth:>7.3f}{gap:>+8.3f}", flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--parallel", type=int, default=2, help="seeds at a time, cores shared")
    parser.add_argument("--folder", type=Path, default=Path("outputs/fold_honesty"))
    arguments = parser.parse_args()
    threads = max(1, (os.cpu_count() or 1) // arguments.parallel)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    print("seed  folds  out of fold  truth     gap")
    with ThreadPoolExecutor(arguments.parallel) as pool:
        folders = [arguments.folder / f"seed_{seed}" for seed in arguments.seeds]
        results = list(pool.map(measure_seed, folders, arguments.seeds))
    for kind in KINDS:
        gaps = [of_seed[kind][0] - of_seed[kind][1] for of_seed in results]
        error = statistics.stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else float("nan")
        scores = statistics.mean(of_seed[kind][0] for of_seed in results)
        print(
            f"{kind}: out of fold {scores:.3f}, mean gap {statistics.mean(gaps):+.3f} "
            f"± {error:.3f} (standard error over {len(gaps)} seeds)"
        )


if __name__ == "__main__":
    main()
