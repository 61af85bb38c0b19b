"""Any tracker can stand behind the stages: they never know which one it is."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.competition import Foldline, list_files
from tests.recording_tracker import RecordingTracker, put_in_place

from foldline.config.recipe import load_config
from foldline.config.tracking import Track
from foldline.data.prepared import load_prepared
from foldline.runs.paths import RunFolder
from foldline.tracking.inference import track_inference
from foldline.tracking.open import TRACKERS
from foldline.tracking.tracker import NoTracker, Part


class BrokenTracker:
    """Raises whatever it is asked."""

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError(f"{verb} is broken")

        return fail


def test_every_mode_has_its_tracker() -> None:
    assert set(TRACKERS) == set(get_args(Track.model_fields["mode"].annotation))


def test_disabled_starts_nothing(tmp_path: Path) -> None:
    before = threading.active_count()
    with TRACKERS["disabled"](Track(mode="disabled")) as begin:
        tracker = begin(Part("run", "train", "run-fold-0", "abc", {}, tmp_path / "run"))
        tracker.log({"a": 1}, step=1)
        tracker.finish()
    assert isinstance(tracker, NoTracker)
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []


def test_another_tracker_is_told_a_whole_training_and_an_inference(
    project: Path, foldline: Foldline, recorded: list[RecordingTracker]
) -> None:
    for stage in ("prepare", "train", "infer"):
        assert foldline(stage, "track.mode=online") == 0
    parts = {tracker.part.name: tracker for tracker in recorded}
    assert list(parts) == ["tiny", "tiny-fold-0", "tiny-fold-1", "tiny-infer"]
    run = project / "outputs/runs/tiny"
    seal = json.loads((run / "environment.json").read_text())["seal"]
    for tracker in recorded:
        assert (tracker.part.run, tracker.part.directory) == ("tiny", Path("outputs/runs/tiny"))
        assert (tracker.part.settings["seal"], tracker.part.settings["train.epochs"]) == (seal, 2)
        assert "table-tiny" in tracker.used
        assert tracker.failed is False
        assert tracker.steps == sorted(set(tracker.steps))
    for fold in (0, 1):
        tracker = parts[f"tiny-fold-{fold}"]
        lines = (run / f"fold_{fold}/metrics.jsonl").read_text().splitlines()
        *rows, end = tracker.rows
        for row, line in zip(rows, map(json.loads, lines), strict=True):
            assert row.items() >= {key: line[key] for key in line.keys() - {"is_best"}}.items()
            assert "is_best" not in row
        assert {"confusion_matrix", "classes", "out_of_fold"} <= end.keys()
        files = tracker.saved[f"tiny-fold-{fold}"].files
        assert set(files) == {"best.pt", "metrics.jsonl", "oof.csv"}
        assert "best_macro_f1" in tracker.summary
    scores = json.loads((run / "scores.json").read_text())
    assert parts["tiny"].rows[-1]["score"] == scores["out_of_fold"]["macro_f1"]
    assert list(parts["tiny"].saved) == ["tiny-run"]
    infer = parts["tiny-infer"]
    assert sorted(infer.used) == ["table-tiny", "tiny-fold-0", "tiny-fold-1"]
    assert set(infer.saved["tiny-submission"].files) >= {"submission.csv", "submission.json"}
    assert sum(n for key, n in infer.summary.items() if key.startswith("answers.")) == 3

    # another process of the same command
    config = load_config(Path("tiny.yaml"), ["track.mode=online"])
    prepared = load_prepared(config.prepared_dir)
    with track_inference(config, prepared, RunFolder(config.run_dir), [0], active=False):
        assert len(recorded) == len(parts)


def test_a_tracker_that_raises_changes_nothing_but_a_warning(
    project: Path,
    foldline: Foldline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_in_place(monkeypatch, "online", lambda part: BrokenTracker())
    put_in_place(monkeypatch, "offline", lambda part: 1 / 0)  # type: ignore[arg-type, return-value]
    results = []
    for mode in ("disabled", "online", "offline"):
        for stage in ("prepare", "train", "infer"):
            assert foldline(stage, f"run={mode}", f"track.mode={mode}") == 0
        files = list_files(project / f"outputs/runs/{mode}")
        results.append([files[name] for name in ("fold_1/best.pt", "oof.csv", "submission.csv")])
    assert results[0] == results[1] == results[2]
    warnings = capsys.readouterr().err
    for verb in ("log", "summarize", "save_files", "finish"):
        assert f"warning: tracking: RuntimeError: {verb} is broken; not tracked" in warnings
    assert "warning: tracking: ZeroDivisionError" in warnings
