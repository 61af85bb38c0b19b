from pathlib import Path

import pytest

from foldline.config import Config
from foldline.data.settings import collect_settings


def test_only_what_shapes_the_table_is_collected() -> None:
    plain = collect_settings(Config())
    same = Config.model_validate(
        {"data": {"image_size": [64, 64], "crop": [0.5, 0.5], "pattern": "{label}"}, "seed": 3}
    )
    assert collect_settings(same) == plain
    other = Config.model_validate({"data": {"scheme": "filename", "pattern": "{label}"}})
    differing = {k for k, v in collect_settings(other).items() if plain[k] != v}
    assert differing == {"data.scheme", "data.pattern", "data.train_dir", "data.test_dir"}


def test_the_schemes_folders_stand_in_for_those_not_given() -> None:
    settings = collect_settings(Config())
    assert (settings["data.train_dir"], settings["data.test_dir"]) == (
        "train/images",
        "eval/images",
    )


def test_a_root_is_named_from_the_working_directory_where_it_lies_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inside = Config.model_validate({"data": {"root": str(tmp_path / "inputs/mask")}})
    assert collect_settings(inside)["data.root"] == "inputs/mask"
    outside = Config.model_validate({"data": {"root": "../elsewhere"}})
    assert collect_settings(outside)["data.root"] == (tmp_path.parent / "elsewhere").as_posix()
