"""What runs left behind, told from their files."""

from pathlib import Path

import pytest

from foldline.config import Config
from foldline.config.recipe import dump_config
from foldline.reporting.report_page import _choose_name
from foldline.runs.results import Result, load_probs


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"root": "inputs/mask"}, "mask"),
        ({"root": "inputs/mask", "name": "again"}, "again"),
        ({"root": "."}, "here"),
        ({"root": "inputs/.."}, "here"),
        ({"root": "link"}, "link"),
    ],
)
def test_everybody_calls_the_data_by_the_same_name(
    data: dict[str, str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("link").symlink_to(tmp_path / "elsewhere")
    config = Config.model_validate({"data": data})
    Path("config.yaml").write_text(dump_config(config))
    settings = {f"data.{key}": value for key, value in config.model_dump()["data"].items()}
    shown = {key: "null" if value is None else str(value) for key, value in settings.items()}
    assert config.data_name == name
    assert Result(Path()).data_name == name
    assert _choose_name(shown) == name


PROBS = "id,p_a,p_b\n1,0.25,0.75\n2,1,0\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PROBS.replace("0.75", "nan"), "line 2: expected probabilities that are numbers"),
        (PROBS.replace("0.75", "0.5"), "line 2: expected probabilities that add up to 1"),
        (PROBS.replace("1,0\n", "1\n"), "line 3: expected 3 cells"),
        (PROBS.replace("2,", "1,"), ""),
        (PROBS.replace("2,", "3,"), ""),
        ("id,p_a,p_b\n", ""),
        ("", "empty"),
    ],
)
def test_probabilities_that_are_not_of_the_ids_are_none(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "probs.csv"
    assert load_probs(path, ["2", "1"]) is None
    path.write_text(PROBS)
    probs = load_probs(path, ["2", "1"])
    assert probs is not None
    assert probs.tolist() == [[1, 0], [0.25, 0.75]]
    assert capsys.readouterr().err == ""
    path.write_text(content)
    assert load_probs(path, ["2", "1"]) is None
    warned = capsys.readouterr().err
    assert said in warned
    assert bool(said) == bool(warned)


def test_what_is_damaged_is_warned_of_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("environment.json", "scores.json", "submission.json", "oof.csv"):
        (tmp_path / name).write_text("{")
    result = Result(tmp_path)
    for _ in range(2):
        assert (result.seal, result.macro_f1, result.papers) == (None, None, None)
        assert result.load_out_of_fold() is None
        assert not result.is_as_written
    warned = capsys.readouterr().err
    assert warned.count("warning: ") == 4
    for name in ("environment.json", "scores.json", "submission.json", "oof.csv"):
        assert f"{tmp_path / name}: " in warned


def test_a_run_without_settings_has_data_that_are_not_known(tmp_path: Path) -> None:
    assert Result(tmp_path).data_name == "unknown data"
    assert _choose_name({}) == "unknown data"
