"""How far out-of-fold scores are from the truth, with folds by person and with folds by image.

    .venv/bin/python benchmarks/fold_honesty.py --seeds 5

Draws one sample competition a seed, trains the demo's recipe on both kinds of folds, and compares
the macro-F1 of the joined out-of-fold file with the one of the submission against the truth.
Two cores need about six minutes a seed.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("outputs/fold_honesty"))
    arguments = parser.parse_args()
    gaps: dict[str, list[float]] = {"group": [], "image": []}
    print("seed  folds  out of fold  truth     gap")
    for seed in range(arguments.seeds):
        folder = arguments.folder / f"seed_{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        run_stage(folder, "sample", f"sample.seed={seed}")
        for kind, of_kind in gaps.items():
            out_of_fold, truth = measure(folder, kind, seed)
            of_kind.append(out_of_fold - truth)
            print(
                f"{seed:<6}{kind:<7}{out_of_fold:>11.3f}{truth:>7.3f}{of_kind[-1]:>+8.3f}",
                flush=True,
            )
    for kind, of_kind in gaps.items():
        error = statistics.stdev(of_kind) / len(of_kind) ** 0.5
        print(f"{kind}: mean gap {statistics.mean(of_kind):+.3f} ± {error:.3f} (standard error)")


if __name__ == "__main__":
    main()
