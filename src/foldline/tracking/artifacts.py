"""Which files of a run are kept on Weights & Biases, under which names.

The same files packed again are the same version there, whoever packs them: so a fold that was
trained offline and the inference that used it meet in one lineage once both are uploaded.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foldline.config import Config
from foldline.data.prepared import SUMMARY, TEST, TRAIN, Prepared
from foldline.files import compute_sha256
from foldline.runs.paths import RunFolder
from foldline.tracking.wandb_run import Artifact

_NAME_LENGTH = 100


def name_artifact(*parts: object) -> str:
    """`parts` joined by hyphens; letters that W&B does not take are replaced, told apart by a hash.

    >>> name_artifact("mask", "fold", 0)
    'mask-fold-0'
    """
    wanted = "-".join(map(str, parts))
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", wanted)[:_NAME_LENGTH]
    return plain if plain == wanted else f"{plain}-{compute_sha256(wanted.encode())[:8]}"


def name_run_alias(run: RunFolder) -> str:
    """What all versions made by one run are found by: its name may have been used before."""
    return f"run-{run.load_identity()}"


def pack_table(config: Config, prepared: Prepared) -> Artifact:
    """The prepared table with its seal."""
    return Artifact(
        name=name_artifact("table", config.data_name),
        kind="dataset",
        files={name: config.prepared_dir / name for name in (TRAIN, TEST, SUMMARY)},
        metadata={
            "seal": prepared.seal,
            "scoring_seal": prepared.scoring_seal,
            "pictures": len(prepared.train),
            "test_pictures": len(prepared.test),
            "classes": len(prepared.class_names),
            "folds": prepared.num_folds,
        },
        aliases=[f"seal-{prepared.seal[:12]}"],
    )


def pack_fold(config: Config, prepared: Prepared, run: RunFolder, fold: int) -> Artifact:
    """The best checkpoint of a finished fold, with its log and its out-of-fold answers."""
    folder = run.fold(fold)
    files = {path.name: path for path in (folder.best, folder.metrics, folder.oof)}
    return Artifact(
        name=name_artifact(run.path.name, "fold", fold),
        kind="model",
        files={name: path for name, path in files.items() if path.is_file()},
        metadata={"fold": fold, "seal": prepared.seal, "model": config.model.name},
        aliases=["best", name_run_alias(run)],
        settled=list(files),
    )


def pack_run(run: RunFolder, folds: Sequence[int]) -> Artifact:
    """What `infer` needs beside the checkpoints, and the scores of the whole."""
    names = ("config.yaml", "environment.json", "scores.json", "oof.csv")
    return Artifact(
        name=name_artifact(run.path.name, "run"),
        kind="run",
        files={name: run.path / name for name in names if (run.path / name).is_file()},
        metadata={"folds": list(folds), "alias": name_run_alias(run)},
        aliases=[name_run_alias(run)],
    )


def pack_submission(run: RunFolder, metadata: dict[str, Any]) -> Artifact:
    """The submission with its papers."""
    names = ("submission.csv", "submission.json", "probs.csv")
    return Artifact(
        name=name_artifact(run.path.name, "submission"),
        kind="submission",
        files={name: run.path / name for name in names if (run.path / name).is_file()},
        metadata=metadata,
        aliases=[name_run_alias(run)],
    )


def list_report_pictures(folder: Path) -> list[Path]:
    """The pictures that a fold's report has drawn, if it has."""
    return sorted((folder / "report").glob("*.png"))
