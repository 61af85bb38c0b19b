"""Prepared tables and finished runs of networks that were never trained, as files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from benchmarks.drawn_answers import Drawn, Floats, Skill, draw_competition, draw_run

from foldline.config.recipe import dump_config, load_config
from foldline.data.competition.labels import Picture
from foldline.data.competition.schemes import MaskScheme
from foldline.data.competition.test_set import TestSet
from foldline.data.prepared import build_tables, save_prepared
from foldline.files import compute_sha256, write_json, write_text
from foldline.metrics.metric import compute_scores
from foldline.runs.out_of_fold import build_out_of_fold, save_out_of_fold
from foldline.runs.submission import save_submission

NAMES = MaskScheme.class_names or ()
FAIR, GOOD = Skill(), Skill(signal=6)


@dataclass(frozen=True)
class DrawnProject:
    """A project folder: 120 people to train on, 60 to be tested on, and runs that are added."""

    root: Path
    drawn: Drawn
    seal: str
    scoring_seal: str
    ids: list[str]

    def add_run(self, name: str, *, seed: int, skill: Skill = FAIR) -> Path:
        """What train and infer leave behind of a run; gives its folder."""
        folder = self.root / "outputs/runs" / name
        own, answers = draw_run(self.drawn, seed, skill)
        config = load_config(None, [f"run={name}", "data.name=drawn"])
        write_text(folder / "config.yaml", dump_config(config))
        seals = {"seal": self.seal, "scoring_seal": self.scoring_seal}
        write_json(folder / "environment.json", {**seals, "num_folds": 3})
        save_out_of_fold(folder / "oof.csv", build_out_of_fold(self.rows, own, NAMES))
        write_scores(folder, compute_scores(self.drawn.labels, own))
        self.submit_probs(folder, answers)
        return folder

    def submit_probs(self, folder: Path, answers: Floats) -> None:
        table = pd.DataFrame(answers, columns=[f"p_{name}" for name in NAMES])
        table.insert(0, "ImageID", self.ids)
        table.to_csv(folder / "probs.csv", index=False)
        save_submission(
            folder / "submission.csv",
            columns=("ImageID", "ans"),
            ids=self.ids,
            answers=answers.argmax(axis=1).tolist(),
        )
        sha256 = compute_sha256((folder / "submission.csv").read_bytes())
        record = {"submission_sha256": sha256, "rows": len(self.ids), "unread": []}
        write_json(folder / "submission.json", record)

    @cached_property
    def rows(self) -> pd.DataFrame:
        drawn = self.drawn
        return pd.DataFrame(
            {
                "path": [f"{number}.jpg" for number in range(len(drawn.labels))],
                "group": drawn.groups,
                "fold": drawn.folds,
                "label": drawn.labels,
                "train_label": drawn.labels,
            }
        )


def write_scores(folder: Path, scores: Mapping[str, float], *, metric: str = "macro_f1") -> None:
    """`scores.json` of a run whose one fold came out as the whole."""
    whole = {**scores, f"{metric}_interval": [0.0, 2.0 if metric == "log_loss" else 1.0]}
    by_fold = {"0": dict(scores)}
    write_json(
        folder / "scores.json",
        {"metric": metric, "folds": by_fold, "out_of_fold": whole, "pictures": 360},
    )


def draw_project(root: Path, seed: int = 0) -> DrawnProject:
    """A project at `root` with prepared tables and no runs."""
    drawn = draw_competition(120, 60, 3, seed, FAIR)
    ids = [f"{number * 7919 % 100_003:05d}.jpg" for number in range(len(drawn.test_labels))]
    labels = drawn.labels.tolist()
    tables = build_tables(
        [
            Picture(f"{number}.jpg", group, (), label)
            for number, (group, label) in enumerate(zip(drawn.groups, labels, strict=True))
        ],
        labels,
        drawn.folds.tolist(),
        TestSet(ids, ids),
        [],
        part_names=(),
        class_names=NAMES,
    )
    summary = {
        "class_names": list(NAMES),
        "num_folds": 3,
        "settings": {},
        "submission_columns": ["ImageID", "ans"],
        "submission_values": list(range(18)),
    }
    save_prepared(root / "outputs/prepared/drawn", tables, summary)
    return DrawnProject(root, drawn, tables.seal, tables.scoring_seal, ids)
