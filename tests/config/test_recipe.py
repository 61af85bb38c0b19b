from pathlib import Path
from typing import Any

import pytest

from foldline.config import Config
from foldline.config.learning import SGD, AdamW, Constant
from foldline.config.recipe import dump_config, load_config
from foldline.errors import UserError

CONFIGS = Path(__file__).parents[2] / "configs"
# a sweep is not a recipe: see tests/training/test_trials.py
RECIPES = sorted(set(CONFIGS.rglob("*.yaml")) - set((CONFIGS / "sweeps").glob("*.yaml")))


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def get_fault(path: Path, *overrides: str) -> str:
    """Return the one line that loading fails with."""
    with pytest.raises(UserError) as error:
        load_config(path, overrides)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_recipes_are_found() -> None:
    assert RECIPES


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: str(path.name))
def test_every_recipe_loads_and_reads_back_the_same(path: Path, tmp_path: Path) -> None:
    config = load_config(path)
    assert config.run == path.stem
    assert load_config(write(tmp_path / "config.yaml", dump_config(config))) == config


def test_every_kind_of_value_reads_back_the_same(tmp_path: Path) -> None:
    config = load_config(
        None,
        [
            "run=1e5.얼굴",
            "data.crop=[0.5, 1]",
            "data.scheme=filename",
            "data.pattern='{label}.{id}: x'",
            "train.folds=[0, 2]",
            "train.optimizer={name: sgd, lr: 1e-5}",
            "track.tags=[off, '1']",
        ],
    )
    assert load_config(write(tmp_path / "config.yaml", dump_config(config))) == config


def test_without_a_file_the_defaults_stand() -> None:
    assert load_config(None) == Config()


def test_the_run_is_named_like_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "small.yaml", "seed: 3")
    assert load_config(path).run == "small"
    assert load_config(path, ["run=other"]).run == "other"
    assert load_config(write(path, "run: third")).run == "third"


# a file and its parent


def test_a_child_changes_only_what_it_lists(tmp_path: Path) -> None:
    write(
        tmp_path / "base.yaml",
        "run: base\nmodel: {name: resnet34, train: head}\ntrain: {epochs: 3, folds: [0, 1]}",
    )
    child = write(
        tmp_path / "child.yaml",
        "parent: base.yaml\nmodel: {name: resnet50}\ntrain: {patience: 1, folds: [2]}",
    )
    config = load_config(child)
    assert (config.model.name, config.model.train) == ("resnet50", "head")
    assert (config.train.epochs, config.train.patience, config.train.folds) == (3, 1, (2,))
    # or both would write into one folder
    assert config.run == "child"


def test_another_optimizer_drops_the_settings_of_the_parents(tmp_path: Path) -> None:
    write(tmp_path / "base.yaml", "train: {optimizer: {name: sgd, lr: 0.5, momentum: 0.5}}")
    child = tmp_path / "child.yaml"
    write(child, "parent: base.yaml\ntrain: {optimizer: {name: adamw}}")
    assert load_config(child).train.optimizer == AdamW()
    write(child, "parent: base.yaml\ntrain: {optimizer: {name: sgd, lr: 0.1}}")
    assert load_config(child).train.optimizer == SGD(lr=0.1, momentum=0.5)
    write(child, "parent: base.yaml\ntrain: {optimizer: {lr: 0.1}}")
    assert load_config(child).train.optimizer == SGD(lr=0.1, momentum=0.5)


def test_an_optimizer_without_a_name_is_the_default_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "train: {optimizer: {lr: 1e-2}}")
    assert load_config(path).train.optimizer == AdamW(lr=0.01)


def test_an_empty_mapping_takes_away_what_the_parent_sets(tmp_path: Path) -> None:
    write(tmp_path / "base.yaml", "model: {arguments: {drop_rate: 0.5, norm: {eps: 1}}}")
    child = write(tmp_path / "child.yaml", "parent: base.yaml")
    assert load_config(child).model.arguments == {"drop_rate": 0.5, "norm": {"eps": 1}}
    assert load_config(child, ["model.arguments={}"]).model.arguments == {}
    assert load_config(child, ["model.arguments.norm={}"]).model.arguments["norm"] == {}
    write(child, "parent: base.yaml\nmodel: {arguments: {}}")
    assert load_config(child).model.arguments == {}
    # a section always has the same keys
    assert load_config(child, ["train={}", "train.optimizer={}"]).train == Config().train


@pytest.mark.parametrize(
    ("overrides", "arguments"),
    [
        ([], {"growth_rate": 24}),
        (["model.name=densenet121"], {"growth_rate": 24}),
        (["model.arguments.drop_rate=0.5"], {"growth_rate": 24, "drop_rate": 0.5}),
        (["model.train=head", "model.weights=a.pth"], {"growth_rate": 24}),
        # another network's constructor takes other arguments
        (["model.name=resnet18"], {}),
        (["model.source=timm"], {}),
        (
            ["model.arguments.zero_init_residual=true", "model.name=resnet18"],
            {"zero_init_residual": True},
        ),
        (["model={name: resnet18}"], {}),
    ],
)
def test_arguments_are_those_of_one_network(
    tmp_path: Path, overrides: list[str], arguments: dict[str, object]
) -> None:
    path = write(
        tmp_path / "a.yaml",
        "model: {name: densenet121, arguments: {growth_rate: 24}, train: features.denseblock4}",
    )
    assert load_config(path, overrides).model.arguments == arguments
    child = write(tmp_path / "child.yaml", "parent: a.yaml\nmodel: {name: resnet18}")
    assert load_config(child).model.arguments == {}
    # a part of the network that is named stays: the network that does not have it lists its own
    assert load_config(child).model.train == "features.denseblock4"


def test_the_drawn_sample_may_be_trained_with_another_network() -> None:
    config = load_config(CONFIGS / "sample.yaml", ["model.name=resnet18"])
    assert (config.model.name, config.model.arguments) == ("resnet18", {})


def test_a_pattern_goes_with_its_scheme(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "data: {scheme: filename, pattern: '{id}_{label}'}")
    assert load_config(path, ["data.root=x"]).data.pattern == "{id}_{label}"
    assert load_config(path, ["data.scheme=folder"]).data.pattern == Config().data.pattern


def test_faults_name_the_file_that_sets_the_key(tmp_path: Path) -> None:
    base = write(tmp_path / "base.yaml", "train: {epochs: x}\nsed: 1")
    child = write(tmp_path / "child.yaml", "parent: base.yaml\ntrain: {patience: y}")
    with pytest.raises(UserError) as error:
        load_config(child, ["seed=z"])
    assert sorted(error.value.faults) == sorted(
        [
            f"{base}: train.epochs: expected a whole number, found 'x'",
            f"{base}: sed: no such key; did you mean seed?",
            f"{child}: train.patience: expected a whole number, found 'y'",
            "seed: expected a whole number, found 'z'",
        ]
    )


def test_the_same_unknown_section_in_child_and_parent_is_one_fault(tmp_path: Path) -> None:
    write(tmp_path / "base.yaml", "zzzz: {a: 1}")
    child = write(tmp_path / "child.yaml", "parent: base.yaml\nzzzz: {a: 2}")
    assert get_fault(child) == f"{child}: zzzz: no such key"


@pytest.mark.parametrize(
    ("parent", "fault"),
    [
        ("[base.yaml]", 'expected one file, found ["base.yaml"]'),
        ("none.yaml", "none.yaml: no such configuration file; "),
        ("grandchild.yaml", "has a parent itself"),
        ("~nobody-of-this-name/base.yaml", "no home folder that ~nobody-of-this-name names"),
        ("'" + "x" * 300 + "'", "File name too long"),
    ],
)
def test_a_parent_is_one_file_without_a_parent(tmp_path: Path, parent: str, fault: str) -> None:
    write(tmp_path / "grandchild.yaml", "parent: base.yaml")
    path = write(tmp_path / "child.yaml", f"parent: {parent}")
    assert get_fault(path).startswith(f"{path}: parent: ")
    assert fault in get_fault(path)


# files that are not recipes


def test_a_missing_file_is_told_with_the_nearest(tmp_path: Path) -> None:
    sample = write(tmp_path / "sample.yaml", "seed: 1")
    missing = tmp_path / "sampel.yaml"
    assert get_fault(missing) == f"{missing}: no such configuration file; did you mean {sample}?"
    far = tmp_path / "qqq.yaml"
    assert get_fault(far) == f"{far}: no such configuration file; the recipes are under configs/"


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    assert get_fault(tmp_path).startswith(f"{tmp_path}: this is a folder")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> str:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path / "a.yaml", "seed: 1")
    # root, who may run the tests, may read everything
    monkeypatch.setattr(Path, "open", refuse)
    assert get_fault(path) == f"{path}: cannot be read: Permission denied"


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("run: 얼굴".encode("cp949"))
    assert get_fault(path) == f"{path}: not UTF-8; save it as UTF-8 text"
    path.write_bytes("run: 얼굴".encode("utf-8-sig"))
    assert load_config(path).run == "얼굴"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("train:\n  epochs: 1\n  epochs: 2", "line 3: the key epochs stands twice"),
        ("train: [", "line 1: "),
        ("- train", 'expected keys such as train:, found ["train"]'),
        ('parent: "a\\0b.yaml"', "line 1: the character U+0000 does not belong"),
        ("seed: &a 1\nsample: {seed: *a}", "line 1: anchors and aliases"),
        ("train: {epochs: 1}\nmodel: !!map {}", "line 2: tags (!) are not read"),
        ("#" * 500_000, "more than "),
        ("train:", "train: expected a section of keys, found null"),
    ],
)
def test_files_that_are_not_settings(tmp_path: Path, text: str, fault: str) -> None:
    path = write(tmp_path / "a.yaml", text)
    assert get_fault(path).startswith(f"{path}: {fault}")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load_config(write(tmp_path / "mask.yaml", "# nothing yet\n")) == Config()


# overrides


def test_overrides_are_read_as_yaml() -> None:
    config = load_config(
        None,
        ["train.epochs=5", "train.folds=[0]", "data.crop=null", "infer.flip=true", "seed=7"],
    )
    assert (config.train.epochs, config.train.folds, config.seed) == (5, (0,), 7)
    assert (config.data.crop, config.infer.flip) == (None, True)
    assert load_config(None, ["train.optimizer.lr=1e-2"]).train.optimizer == AdamW(lr=0.01)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("data.pattern={label}_{group}_{id}", "{label}_{group}_{id}"),
        ('data.pattern="{label}_{group}_{id}"', "{label}_{group}_{id}"),
        ("data.pattern='{label}: #{id}'", "{label}: #{id}"),
        ("data.name=012", "012"),
        ("data.name=null", None),
        ('data.name="null"', "null"),
        ("run=1e5", "1e5"),
        ("run=5", "5"),
        ("run=true", "true"),
        (
            "run=\u1112\u1161\u11ab",
            "\ud55c",
        ),  # decomposed, as a terminal of macOS completes it
        ("data.root=a: b", Path("a: b")),
        ("data.root=[x]", Path("[x]")),
        ("data.root=~/x", Path("/home/me/x")),
        ("data.root=~", Path("/home/me")),
        ("infer.truth=~/t.csv", Path("/home/me/t.csv")),
        ("infer.truth=~", None),
        ("infer.truth=", None),
        ("data.corrections='~/c.csv'", Path("/home/me/c.csv")),
        ("data.train_dir=- x", "- x"),
        ("data.submission_columns=[012, 1e3]", ("012", "1e3")),
        ("model.weights=none", "none"),
        ("model.weights=~/fold_{fold}.pt", "/home/me/fold_{fold}.pt"),
        ("model.weights=run:~x", "run:~x"),
        ("track.notes=yes: really", "yes: really"),
        ("track.notes=it's #1 & *all*", "it's #1 & *all*"),
        ('track.notes="5" of them', '"5" of them'),
        ('track.notes="a": b', '"a": b'),
        ('track.notes="an end', '"an end'),
        ('track.notes="two\\nlines"', "two\nlines"),
        ("track.notes='[a]'", "[a]"),
        ("track.tags=[1, 1e5, true, off, '2']", ("1", "1e5", "true", "off", "2")),
        ("train.validation.every=1 epoch", "1 epoch"),
        ("train.schedule.warmup='5 steps'", "5 steps"),
        # not text: YAML
        ("train.channels_last=auto", "auto"),
        ("train.channels_last=true", True),
        ('data.verify="decode"', "decode"),
        ("model.arguments={a: 012, b: [1, '1']}", {"a": "012", "b": [1, "1"]}),
    ],
)
def test_a_key_of_text_takes_what_is_typed(
    typed: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    *sections, last = typed.partition("=")[0].split(".")
    inner: Any = load_config(None, [typed, "data.scheme=filename"])
    for section in sections:
        inner = getattr(inner, section)
    assert getattr(inner, last) == value


def test_text_in_a_file_is_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    text = (
        "run: 1e5\ndata: {root: ~, name: 012, corrections: ~, submission_columns: [1, true]}\n"
        "track: {notes: 5, tags: [2026, 1e3]}\nmodel: {arguments: {a: 1e3}}"
    )
    config = load_config(write(tmp_path / "a.yaml", text))
    assert (config.run, config.data.name, config.data.corrections) == ("1e5", "012", None)
    assert config.data.root == Path("/home/me")
    assert config.data.submission_columns == ("1", "true")
    assert (config.track.notes, config.track.tags) == ("5", ("2026", "1e3"))
    assert config.model.arguments == {"a": 1000.0}
    assert load_config(write(tmp_path / "b.yaml", dump_config(config))) == config
    assert get_fault(write(tmp_path / "c.yaml", "data: {root: null}")).endswith("found null")


def test_overrides_lie_over_the_file_and_the_last_one_wins(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "train: {epochs: 3, patience: 1}")
    config = load_config(path, ["train.epochs=5", "train.epochs=6"])
    assert (config.train.epochs, config.train.patience) == (6, 1)


@pytest.mark.parametrize("turned", [False, True])
def test_another_optimizer_takes_its_own_settings_in_any_order(
    tmp_path: Path, turned: bool
) -> None:
    path = write(tmp_path / "a.yaml", "train: {optimizer: {name: sgd, lr: 0.5, momentum: 0.5}}")
    overrides = ["train.optimizer.name=adamw", "train.optimizer.lr=0.1"]
    config = load_config(path, overrides[::-1] if turned else overrides)
    assert config.train.optimizer == AdamW(lr=0.1)


def test_a_whole_section_may_be_given_at_once() -> None:
    config = load_config(None, ["train={epochs: 2, schedule: {name: constant}}"])
    assert (config.train.epochs, config.train.schedule) == (2, Constant())


@pytest.mark.parametrize(
    ("overrides", "fault"),
    [
        (["--epochs"], "--epochs: expected key=value, such as train.epochs=5"),
        (["=3"], "=3: expected key=value, such as train.epochs=5"),
        (
            ["configs/mask.yaml"],
            "configs/mask.yaml: expected key=value, such as train.epochs=5; a recipe is given by "
            "--config configs/mask.yaml",
        ),
        (
            ["train.folds=[0"],
            "train.folds: [0 cannot be read: while parsing a flow sequence, "
            "expected ',' or ']', but got '<stream end>'",
        ),
        ([f"{'a.' * 10000}b=1"], f"{'a.' * 30}…: no such key"),
        (
            ["train.epochs=3", "train={patience: 2}"],
            "train: set together with a key inside it; set one or the other",
        ),
        (["data..root=3", "seed=1"], "data.: no such key"),
    ],
)
def test_overrides_that_are_none(overrides: list[str], fault: str) -> None:
    with pytest.raises(UserError) as error:
        load_config(None, overrides)
    assert list(error.value.faults) == [fault]


def test_a_section_set_to_a_value_and_a_key_of_it_at_once() -> None:
    with pytest.raises(UserError, match=r"train.epochs: set together with a key inside it"):
        load_config(None, ["train=5", "train.epochs=3"])
