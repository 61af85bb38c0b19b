"""Drawing the sample competition, once and where the settings say."""

from pathlib import Path

import pytest

from foldline.cli import main
from foldline.config.data import Sample
from foldline.errors import UserError
from foldline.preparing import sample
from foldline.preparing.sample import run_sample

SAMPLE = Sample(people=20, eval_people=18, seed=4)


def test_it_is_drawn_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[dict[str, object]] = []
    monkeypatch.setattr(sample, "draw_competition", lambda root, **size: drawn.append(size))
    monkeypatch.setattr(sample, "is_drawn", lambda root, **size: bool(drawn))
    run_sample(SAMPLE, tmp_path)
    assert drawn == [{"people": 20, "eval_people": 18, "seed": 4}]
    assert "20 people" in capsys.readouterr().out
    run_sample(SAMPLE, tmp_path)
    assert len(drawn) == 1
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "root"),
    [
        ((), "inputs/sample"),
        (("sample.people=20",), "inputs/sample"),
        (("data.root=elsewhere",), "elsewhere"),
        (("data.root=inputs/mask",), "inputs/mask"),
        (("--set", "data.root=my sample seed=3"), "my sample"),
        (("--config", "there.yaml"), "there"),
    ],
)
def test_it_is_drawn_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], root: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.yaml").write_text("data: {root: there}")
    drawn: list[Path] = []
    monkeypatch.setattr(sample, "draw_competition", lambda root, **size: drawn.append(root))
    with pytest.raises(SystemExit) as stop:
        main(["sample", *words])
    assert (stop.value.code, drawn) == (0, [Path(root)])


def test_the_folder_where_one_stands_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for root in (".", "..", str(tmp_path)):
        with pytest.raises(UserError, match="may replace whole"):
            run_sample(SAMPLE, Path(root))
