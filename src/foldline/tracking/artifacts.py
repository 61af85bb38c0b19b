"""Which files of a run a tracker keeps, under which names.

On Weights & Biases the same files packed again are the same version, whoever packs them: a fold
that was trained offline and the inference that used it meet in one lineage once both are uploaded.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foldline.config import Config
from foldline.data.prepared import SUMMARY, TEST, TRAIN, Prepared
from foldline.files import compute_sha256
from foldline.runs.paths import RunFolder
from foldline.tracking.tracker import Artifact

_NAME_LENGTH = 100


def name_artifact(*parts: object) -> str:
    """Join `parts` by hyphens; replace letters that W&B does not take, and tell apart by a hash.

    >>> name_artifact("mask", "fold", 0)
    'mask-fold-0'
    """
    wanted = "-".join(map(str, parts))
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", wanted)[:_NAME_LENGTH]
    return plain if plain == wanted else f"{plain}-{compute_sha256(wanted.encode())[:8]}"


def name_run_alias(run: RunFolder) -> str:
    """Return the alias of all versions that this very run has made; its name may not be unique."""
    return f"run-{run.load_identity()}"


def pack_table(config: Config, prepared: Prepared) -> Artifact:
    """Pack the prepared table with its seal."""
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
    """Pack the best checkpoint of a finished fold with its log and out-of-fold probabilities."""
    names = ("best.pt", "metrics.jsonl", "oof.csv")
    return Artifact(
        name=name_artifact(run.path.name, "fold", fold),
        kind="model",
        files=_find_files(run.fold(fold).path, names),
        metadata={"fold": fold, "seal": prepared.seal, "model": config.model.name},
        aliases=["best", name_run_alias(run)],
        settled=names,
    )


def pack_run(run: RunFolder, folds: Sequence[int]) -> Artifact:
    """Pack what `infer` needs beside the checkpoints, and the scores of the whole."""
    alias = name_run_alias(run)
    return Artifact(
        name=name_artifact(run.path.name, "run"),
        kind="run",
        files=_find_files(run.path, ("config.yaml", "environment.json", "scores.json", "oof.csv")),
        metadata={"folds": list(folds), "alias": alias},
        aliases=[alias],
    )


def pack_submission(run: RunFolder, metadata: dict[str, Any]) -> Artifact:
    """Pack the submission with its record and probabilities."""
    return Artifact(
        name=name_artifact(run.path.name, "submission"),
        kind="submission",
        files=_find_files(run.path, ("submission.csv", "submission.json", "probs.csv")),
        metadata=metadata,
        aliases=[name_run_alias(run)],
    )


def _find_files(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    return {name: folder / name for name in names if (folder / name).is_file()}
