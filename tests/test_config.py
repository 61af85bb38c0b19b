import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from foldline.config import Config
from foldline.config.learning import SGD, Cosine, Step, Validation
from foldline.config.sections import Section, is_text, sections_in


def list_sections(section: type[Section] = Config) -> Iterator[type[Section]]:
    yield section
    for key in section.model_fields:
        for inner in sections_in(section, key):
            yield from list_sections(inner)


def read(section: type[Section], key: str, value: object) -> Any:
    """Return what the key makes of the value, or None if it is refused."""
    try:
        return getattr(section.model_validate({key: value}), key)
    except ValidationError:
        return None


EVERY_KEY = [
    pytest.param(section, key, id=f"{section.__name__}.{key}")
    for section in list_sections()
    for key in section.model_fields
]


def test_sections_of_unions_are_among_those_tested() -> None:
    assert {Config, SGD} < set(list_sections())


@pytest.mark.parametrize(("section", "key"), EVERY_KEY)
def test_neither_true_nor_text_passes_as_a_number(section: type[Section], key: str) -> None:
    assert read(section, key, True) in (None, True)
    assert not isinstance(read(section, key, True), int) or read(section, key, True) is True
    assert read(section, key, [True, True]) is None
    assert read(section, key, "1") in (None, "1", Path("1"), True)
    assert read(section, key, "1") is True or not isinstance(read(section, key, "1"), int)


@pytest.mark.parametrize(("section", "key"), EVERY_KEY)
def test_no_number_is_without_bounds_and_no_text_has_control_characters(
    section: type[Section], key: str
) -> None:
    assert not isinstance(read(section, key, 10**30), int)
    assert read(section, key, (10**30,)) is None
    for text in ("a\0b", "a\x1b[31m", "a\rb", ("a\0b",)):
        assert read(section, key, text) is None
    if key != "notes":
        assert read(section, key, "a\nb") is None


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("run", (True, False)),
        ("data.root", (True, False)),
        ("data.name", (True, True)),
        ("infer.truth", (True, True)),
        ("track.tags.0", (True, False)),
        ("data.submission_columns.1", (True, False)),
        ("train.schedule.warmup", (True, False)),  # of one of the sections there
        ("train.epochs", (False, False)),
        ("train.folds", (False, True)),
        ("train.channels_last", (False, False)),
        ("train.optimizer.name", (False, False)),
        ("track.tags", (False, False)),
        ("track.tags.0.1", (False, False)),
        ("model.arguments.a", (False, False)),
        ("data", (False, False)),
        ("nonsense.a", (False, False)),
    ],
)
def test_which_keys_are_text_and_nothing_else(keys: str, expected: tuple[bool, bool]) -> None:
    assert is_text(Config, keys.split(".")) == expected


@pytest.mark.parametrize(("section", "key"), EVERY_KEY)
def test_nothing_infinite_is_a_number(section: type[Section], key: str) -> None:
    assert read(section, key, float("inf")) is None
    assert read(section, key, float("nan")) is None


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        pytest.param("train", "channels_last", True, id="a choice of auto or bool keeps its bool"),
        pytest.param("infer", "flip", True, id="a plain bool"),
        pytest.param("train", "clip_norm", 1, id="a whole number where any will do"),
        pytest.param("train", "workers", 0, id="a number beside auto"),
    ],
)
def test_what_stays_allowed(section: str, key: str, value: object) -> None:
    config = Config.model_validate({section: {key: value}})
    assert getattr(getattr(config, section), key) == value


def test_without_a_file_the_mask_competition_is_meant() -> None:
    config = Config()
    assert (config.data.root, config.data.scheme) == (Path("inputs/mask"), "mask")
    assert config.prepared_dir == Path("outputs/prepared/mask")
    assert config.run_dir == Path("outputs/runs/mask")


def test_a_name_for_the_data_goes_before_the_folder() -> None:
    config = Config.model_validate({"data": {"root": "inputs/mask", "name": "again"}})
    assert config.prepared_dir == Path("outputs/prepared/again")


def test_linked_data_goes_by_the_name_of_the_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk/train").mkdir(parents=True)
    (tmp_path / "pets").symlink_to(tmp_path / "disk/train")
    monkeypatch.chdir(tmp_path / "disk")
    for root, name in (
        ("../pets", "pets"),
        ("train/", "train"),
        (".", "disk"),
        ("train/..", "disk"),
    ):
        assert Config.model_validate({"data": {"root": root}}).data_name == name


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "", "a b", "x" * 101])
def test_a_run_is_one_plain_folder(name: str) -> None:
    assert read(Config, "run", name) is None
    assert read(Config, "run", "얼굴-1.b+c") == "얼굴-1.b+c"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config().seed = 1  # type: ignore[misc]


def test_nesterov_needs_momentum() -> None:
    with pytest.raises(ValidationError, match="momentum above 0"):
        SGD(nesterov=True, momentum=0)


@pytest.mark.parametrize(
    ("section", "key", "may_be_none"),
    [(Cosine, "warmup", True), (Step, "every", False), (Validation, "every", False)],
)
def test_durations_have_a_unit_and_only_a_warmup_may_be_none(
    section: type[Section], key: str, may_be_none: bool
) -> None:
    for duration in ("1 epoch", "0.5 epochs", "500 steps"):
        assert read(section, key, duration) == duration
    for wrong in (3, None, "3", "2 hours", "1.5 steps", "-1 epochs", "1e3 steps"):
        assert read(section, key, wrong) is None
    for duration in ("0 steps", "0.0 epochs"):
        assert read(section, key, duration) == (duration if may_be_none else None)


def test_a_pattern_is_for_file_names() -> None:
    default = Config().data.pattern
    for scheme in ("mask", "folder"):
        with pytest.raises(ValidationError, match=f"is for data.scheme=filename, found {scheme}"):
            Config.model_validate({"data": {"scheme": scheme, "pattern": "{id}_{label}"}})
        Config.model_validate({"data": {"scheme": scheme, "pattern": default}})
    Config.model_validate({"data": {"scheme": "filename", "pattern": "{id}_{label}"}})


def test_paths_are_found_in_the_spelling_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    disk = unicodedata.normalize("NFD", "사진")
    Path(disk).mkdir()
    (Path(disk) / "w.pth").touch()
    typed = {
        "data": {"root": "사진", "corrections": "사진/none.csv"},
        "model": {"weights": "사진/w.pth"},
    }
    config = Config.model_validate(typed)
    assert config.data.root == Path(disk)
    assert config.data.corrections == Path("사진/none.csv")
    assert config.model.weights == f"{disk}/w.pth"
