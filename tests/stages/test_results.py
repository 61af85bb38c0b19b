"""What runs left behind, told from their files."""

from pathlib import Path

import pytest

from foldline.config import Config
from foldline.recipe import dump_config
from foldline.stages.report_page import _choose_name
from foldline.stages.results import Result


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


def test_a_run_without_settings_has_data_that_are_not_known(tmp_path: Path) -> None:
    assert Result(tmp_path).data_name == "unknown data"
    assert _choose_name({}) == "unknown data"
