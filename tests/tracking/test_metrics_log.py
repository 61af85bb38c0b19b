"""One line of figures an epoch."""

import math
from pathlib import Path

import pytest

from foldline.tracking.metrics_log import Row, load_metrics, save_metrics


def test_each_epoch_is_a_line_that_reads_back(tmp_path: Path) -> None:
    history: list[Row] = [
        {"epoch": 1, "loss": 0.1 + 0.2, "is_best": True},
        {"epoch": 2, "loss": 1e-30, "is_best": False},
    ]
    save_metrics(tmp_path / "fold_0/metrics.jsonl", history)
    content = (tmp_path / "fold_0/metrics.jsonl").read_bytes()
    assert content.count(b"\n") == 2
    assert content.endswith(b"}\n")
    assert load_metrics(tmp_path / "fold_0/metrics.jsonl") == history


def test_nan_is_kept_as_nan(tmp_path: Path) -> None:
    save_metrics(tmp_path / "m.jsonl", [{"macro_f1": float("nan")}])
    assert math.isnan(load_metrics(tmp_path / "m.jsonl")[0]["macro_f1"])


def test_an_epoch_that_cannot_be_written_leaves_the_old_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.jsonl"
    save_metrics(path, [{"epoch": 1}])

    def fill_the_disk(file: Path, text: str, **_: object) -> None:
        file.write_bytes(text.encode()[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        save_metrics(path, [{"epoch": 1}, {"epoch": 2}])
    assert load_metrics(path) == [{"epoch": 1}]
    assert list(tmp_path.iterdir()) == [path]
