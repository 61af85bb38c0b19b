"""One line of figures an epoch."""

import json
from pathlib import Path
from typing import Any

import pytest

from foldline.errors import UserError
from foldline.runs.metrics_log import Row, load_metrics, save_metrics


def make_row(epoch: int = 1, **changes: Any) -> Row:
    scores = {"macro_f1": 0.1 + 0.2, "accuracy": 1, "log_loss": 1e-30}
    return {"epoch": epoch, **scores, "seconds": 0.5, "is_best": True, **changes}


def test_each_epoch_is_a_line_that_reads_back(tmp_path: Path) -> None:
    history: list[Row] = [
        make_row(1, train_loss=0.1 + 0.7),
        make_row(2, is_best=False, step=250),
    ]
    save_metrics(tmp_path / "fold_0/metrics.jsonl", history)
    content = (tmp_path / "fold_0/metrics.jsonl").read_bytes()
    assert content.count(b"\n") == 2
    assert content.endswith(b"}\n")
    assert load_metrics(tmp_path / "fold_0/metrics.jsonl") == history


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"macro_f1": float("nan")}, "line 2: macro_f1: expected a finite number"),
        ({"accuracy": 1.5}, "line 2: accuracy: expected a number from 0 to 1"),
        ({"log_loss": "0.5"}, "line 2: log_loss: expected a number"),
        ({"epoch": 0}, "line 2: epoch: "),
        ({"seconds": -1}, "line 2: seconds: "),
        ({"is_best": None}, "line 2: is_best: "),
        ({"train_loss": 10**400}, "line 2: train_loss"),
        ({"train_loss": [0.5]}, "line 2: train_loss"),
    ],
)
def test_a_line_that_is_damaged_is_named(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    lines = [make_row(1), make_row(**({"epoch": 2} | changes))]
    (tmp_path / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(UserError, match=rf"m\.jsonl: {said}"):
        load_metrics(tmp_path / "m.jsonl")


def test_a_log_that_is_no_file_of_lines(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").mkdir()
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        load_metrics(tmp_path / "m.jsonl")
    (tmp_path / "n.jsonl").write_bytes(b"\xff\xfe{}\n")
    with pytest.raises(UserError, match="line 1: cannot be read"):
        load_metrics(tmp_path / "n.jsonl")


def test_an_epoch_that_cannot_be_written_leaves_the_old_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.jsonl"
    save_metrics(path, [make_row()])

    def fill_the_disk(file: Path, text: str, **_: object) -> None:
        file.write_bytes(text.encode()[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        save_metrics(path, [make_row(), make_row(2)])
    assert load_metrics(path) == [make_row()]
    assert list(tmp_path.iterdir()) == [path]
