"""`foldline sample`."""

from pathlib import Path

import pytest

from foldline.config import Config
from foldline.stages import sample
from foldline.stages.sample import run_sample

CONFIG = Config.model_validate({"sample": {"people": 20, "eval_people": 18, "seed": 4}})


def test_it_is_drawn_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[dict[str, object]] = []
    monkeypatch.setattr(sample, "draw_competition", lambda root, **size: drawn.append(size))
    monkeypatch.setattr(sample, "is_drawn", lambda root, **size: bool(drawn))
    run_sample(CONFIG)
    assert drawn == [{"people": 20, "eval_people": 18, "seed": 4}]
    assert "20 people" in capsys.readouterr().out
    run_sample(CONFIG)
    assert len(drawn) == 1
    assert "nothing to do" in capsys.readouterr().out
