import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from foldline import command_line
from foldline.command_line import (
    THROUGH_MAKE,
    format_again,
    format_command,
    join_settings,
    remember,
    repeat,
    split_settings,
)
from foldline.errors import UserError

ROOT = Path(__file__).parents[1]

# as people type them
AWKWARD = [
    ("data.pattern={label}_{group}_{id}",),
    ('data.pattern="{label}_{id}"', "run=1e5"),
    ("track.notes=it's 5 $HOME `x` & ; | (a) <b> #1 !x *", "seed=3"),
    ("train.folds=[0, 1]", "train.optimizer={name: sgd, lr: 0.1}"),
    ("track.notes=a=b  two blanks c.d=5", "data.root=inputs/내 것"),
    ("track.notes=back\\slash 'quoted'", "data.name=012"),
    ("track.notes=",),
]


@pytest.fixture(autouse=True)
def _as_if_called_foldline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(THROUGH_MAKE, raising=False)
    monkeypatch.setattr(sys, "argv", ["foldline"])
    yield
    remember()


def paste(command: str, *, cwd: Path, path: Path) -> list[str]:
    """Return the arguments that a program receives from the pasted command."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"},
    )
    return done.stdout.split("\0")[:-1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy the real Makefile beside a `foldline` that only prints its arguments."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    program = tmp_path / ".venv/bin/foldline"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    program.chmod(0o755)
    (tmp_path / ".venv/.ready").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", []),
        ("train.epochs=5  train.folds=[0]", ["train.epochs=5", "train.folds=[0]"]),
        ("train.folds=[0, 1] seed=3", ["train.folds=[0, 1]", "seed=3"]),
        ("data.image_size=[32, 32]", ["data.image_size=[32, 32]"]),
        (
            "track.notes=yes: really data.root=my pictures",
            ["track.notes=yes: really", "data.root=my pictures"],
        ),
        ("data.pattern='{label}_{id}' a='b c=d'", ["data.pattern={label}_{id}", "a=b c=d"]),
        ("epochs seed=3", ["epochs", "seed=3"]),
    ],
)
def test_one_text_holds_several_settings(text: str, settings: list[str]) -> None:
    assert split_settings(text) == settings


def test_a_backslash_is_itself() -> None:
    for text in (r"track.notes=C:\new\table", "track.notes=back\\", r"data.pattern={label}\{id}"):
        assert split_settings(text) == [text]
        assert split_settings(join_settings([text, "seed=1"])) == [text, "seed=1"]


def test_a_quote_without_its_partner_is_told() -> None:
    with pytest.raises(UserError, match=r"SET: a quote in track\.notes=it's has no partner"):
        split_settings("track.notes=it's")


@pytest.mark.parametrize("settings", AWKWARD)
def test_joined_settings_come_apart_again(settings: tuple[str, ...]) -> None:
    assert split_settings(join_settings(settings)) == list(settings)


@pytest.mark.parametrize("through_make", [False, True])
@pytest.mark.parametrize("settings", AWKWARD)
def test_a_printed_command_gives_what_was_typed_when_it_is_pasted(
    project: Path, monkeypatch: pytest.MonkeyPatch, settings: tuple[str, ...], through_make: bool
) -> None:
    if through_make:
        monkeypatch.setenv(THROUGH_MAKE, "1")
    remember(Path("my recipes/a$b.yaml"), settings)
    command = repeat("train")
    assert command.startswith("make train CONFIG=" if through_make else "foldline train --config ")
    got = paste(command, cwd=project, path=project / ".venv/bin")
    assert got[:3] == ["train", "--config", "my recipes/a$b.yaml"]
    assert (split_settings(got[4]) if through_make else got[3:]) == list(settings)
    # and the command that continues it, from its own arguments
    assert paste(format_again(got), cwd=project, path=project / ".venv/bin") == got


def test_settings_that_change_take_the_place_of_those_typed() -> None:
    remember(Path("configs/my.yaml"), ("seed=3", "model.train=all", "run=a"))
    assert repeat("train", changed={"model.train": "head", "run": "a-head"}) == (
        "foldline train --config configs/my.yaml seed=3 model.train=head run=a-head"
    )
    assert repeat("prepare", "train") == (
        "foldline prepare --config configs/my.yaml seed=3 model.train=all run=a && "
        "foldline train --config configs/my.yaml seed=3 model.train=all run=a"
    )


def test_make_is_told_what_foldline_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THROUGH_MAKE, "1")
    remember(None, ("train.folds=[0]",))
    assert repeat("prepare", "train") == 'make prepare train SET="train.folds=[0]"'
    assert repeat("infer", flags=["--force"]) == 'make infer SET="train.folds=[0]" FORCE=1'
    assert format_command("train") == "make train"
    assert format_again(["sweep", "--sweep", "g.yaml", "--set", "seed=3"]) == (
        "make sweep SWEEP=g.yaml SET=seed=3"
    )
    # not a target of make
    assert format_command("check-submission").startswith(".venv/bin/foldline check-submission")


def test_foldline_is_called_as_the_user_called_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "argv", [".venv/bin/foldline"])
    assert format_command("train") == ".venv/bin/foldline train"
    monkeypatch.setenv("PATH", str(project / ".venv/bin"))
    assert format_command("train") == "foldline train"
    package = Path(command_line.__file__).parent
    monkeypatch.setattr(sys, "argv", [str(package / "__main__.py")])
    assert format_command("train") == f"{shlex.quote(sys.executable)} -m foldline train"
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert "torch.distributed.run --nproc-per-node 2 -m foldline train" in format_command("train")


def test_the_demo_has_its_recipe_unless_another_is_named(project: Path) -> None:
    def call(*words: str) -> str:
        done = subprocess.run(
            ["make", "sample", *words], cwd=project, check=True, capture_output=True, text=True
        )
        return done.stdout

    assert call() == "sample\0"
    assert call("SET=a=1\nb=2") == "sample\0--set\0a=1 b=2\0"
    done = subprocess.run(["make", "demo"], cwd=project, check=True, capture_output=True, text=True)
    assert done.stdout.split("\0")[:3] == ["sample", "--config", "configs/sample.yaml"]
