import json
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foldline.config import Config
from foldline.config.recipe import load_config
from foldline.errors import UserError
from foldline.runs.table_settings import check_settings, collect_settings


def test_only_what_shapes_the_table_is_collected() -> None:
    plain = collect_settings(Config())
    same = Config.model_validate({"data": {"image_size": [64, 64], "crop": [0.5, 0.5]}, "seed": 3})
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


def prepare_with(*overrides: str) -> Any:
    settings = json.loads(json.dumps(collect_settings(load_config(None, overrides))))
    return SimpleNamespace(settings=settings)


def test_the_same_settings_pass_and_others_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prepared = prepare_with("folds.number=5")
    same = ["folds.number=5", "train.epochs=1", "data.image_size=[64,64]", "data.name=else"]
    check_settings(prepared, load_config(None, [*same, f"data.root={tmp_path}/inputs/mask"]))
    with pytest.raises(UserError) as error:
        check_settings(prepared, load_config(None, ["folds.number=10", "data.train_age_cut=58"]))
    assert len(error.value.faults) == 2
    expected = "outputs/prepared/mask: prepared with folds.number=5, configuration says 10; run"
    assert any(fault.startswith(expected) for fault in error.value.faults)
    assert any("data.train_age_cut=null, configuration says 58" in f for f in error.value.faults)


def test_folders_typed_in_another_spelling_are_the_same() -> None:
    composed, decomposed = (unicodedata.normalize(f, "data.train_dir=학습") for f in ("NFC", "NFD"))
    assert composed != decomposed
    check_settings(prepare_with(decomposed), load_config(None, [composed]))
    with pytest.raises(UserError, match=r"data\.sample_file=null, configuration says 학습"):
        check_settings(prepare_with(), load_config(None, ["data.sample_file=학습"]))


def test_changed_corrections_are_other_settings(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("target,part,value\n")
    prepared = prepare_with(f"data.corrections={rows}")
    config = load_config(None, [f"data.corrections={rows}"])
    check_settings(prepared, config)
    rows.write_text("target,part,value\na,age,60\n")
    with pytest.raises(UserError, match=r"prepared with data\.corrections"):
        check_settings(prepared, config)
    rows.unlink()
    with pytest.raises(UserError, match="missing"):
        check_settings(prepared, config)
