import errno
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from tests.written_runs import build_prepared, write_run

from foldline.cli import main
from foldline.config import Config
from foldline.errors import InterruptedByUserError, UserError

Result = tuple[int, str, str]


@pytest.fixture
def foldline(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run one command; return exit code, output and errors."""

    def run(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return run


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """Return what the train stage was called with, instead of training."""
    configs: list[Config] = []
    stage = ModuleType("foldline.training.run")
    stage.run_train = configs.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "foldline.training.run", stage)
    return configs


def make_train_raise(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run_train(config: Config) -> None:
        raise error

    stage = ModuleType("foldline.training.run")
    stage.run_train = run_train  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "foldline.training.run", stage)


def test_a_stage_is_run_with_the_file_and_the_overrides(
    foldline: Callable[..., Result], seen: list[Config], tmp_path: Path
) -> None:
    path = tmp_path / "small.yaml"
    path.write_text("train: {epochs: 3}")
    assert foldline("train", "--config", str(path), "train.folds=[0]", "seed=5") == (0, "", "")
    (config,) = seen
    assert (config.run, config.train.epochs, config.train.folds, config.seed) == (
        "small",
        3,
        (0,),
        5,
    )


@pytest.mark.parametrize(
    ("stage", "where"),
    [
        ("prepare", "preparing.prepare"),
        ("advise", "advising.advise"),
        ("train", "training.run"),
        ("infer", "inference.test_set"),
        ("evaluate", "inference.evaluation"),
    ],
)
def test_every_stage_calls_its_own(
    foldline: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, stage: str, where: str
) -> None:
    called: list[Config] = []
    module = ModuleType(f"foldline.{where}")
    setattr(module, f"run_{stage}", lambda config, **options: called.append(config))
    monkeypatch.setitem(sys.modules, f"foldline.{where}", module)
    assert foldline(stage)[0] == 0
    assert called == [Config()]


def test_show_prints_what_can_be_read_again(
    foldline: Callable[..., Result], tmp_path: Path
) -> None:
    code, shown, err = foldline("show", "train.epochs=7")
    assert (code, err) == (0, "")
    assert "  epochs: 7\n" in shown
    (tmp_path / "config.yaml").write_text(shown)
    assert foldline("show", "--config", str(tmp_path / "config.yaml"))[1] == shown


def test_show_takes_a_bare_word_for_a_run(
    foldline: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run("one")
    code, out, err = foldline("show", "one")
    assert (code, err) == (0, "")
    assert out.startswith("run one: resnet18")
    assert foldline("show", "on") == (
        2,
        "",
        "error: outputs/runs/on: no such run; did you mean one?\n",
    )
    for words in (("one", "seed=1"), ("--config", "x.yaml", "one"), ("one", "one")):
        assert foldline("show", *words) == (
            2,
            "",
            "error: show: one is taken for a run, which is shown alone; settings are key=value\n",
        )


def test_runs_and_compare(
    foldline: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run("one")
    write_run("two", prepared=build_prepared(scoring_seal="c" * 64))
    code, out, err = foldline("runs")
    assert (code, err) == (0, "")
    assert {line.split()[0] for line in out.splitlines()[1:3]} == {"one", "two"}
    code, out, err = foldline("compare", "one", "outputs/runs/two")
    assert (code, out) == (2, "")
    assert err.startswith("error: outputs/runs/one is scored on the table bbbbbbbbbbbb, ")
    assert foldline("compare") == (
        2,
        "",
        "error: compare: name two different runs or more, as in: foldline compare a b\n",
    )
    write_run("three", draw=1)
    code, out, err = foldline("compare", "one", "three")
    assert (code, err) == (0, "")
    assert foldline("compare", "one", "three")[1] == out  # to the byte


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_lists_the_stages(foldline: Callable[..., Result], arguments: tuple[str, ...]) -> None:
    code, out, err = foldline(*arguments)
    assert (code, err) == (0, "")
    for stage in ("sample", "prepare", "advise", "train", "infer", "show", "runs", "compare"):
        assert re.search(rf"^  {stage} +[A-Z].*\.$", out, re.MULTILINE)


def test_faults_of_the_user_are_lines_without_a_traceback(
    foldline: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_train_raise(monkeypatch, UserError("inputs/mask: empty; see make demo", "second [fault]"))
    assert foldline("train") == (
        2,
        "",
        "error: inputs/mask: empty; see make demo\nerror: second [fault]\n",
    )


def test_a_wrong_setting_ends_before_the_stage_begins(
    foldline: Callable[..., Result], seen: list[Config]
) -> None:
    code, out, err = foldline("train", "train.epoch=5")
    assert (code, out, seen) == (2, "", [])
    assert err == "error: train.epoch: no such key; did you mean train.epochs?\n"


@pytest.mark.parametrize(
    ("arguments", "fault", "command"),
    [
        (("trian",), "no such command 'trian'; did you mean 'train'?", "foldline"),
        (("train", "--epochs", "5"), "no such option '--epochs'", "foldline train"),
        (("--banana",), "no such option '--banana'", "foldline"),
        (("train", "--config"), "option '--config' requires an argument", "foldline"),
    ],
)
def test_a_wrong_command_is_one_line_and_a_hint(
    foldline: Callable[..., Result], arguments: tuple[str, ...], fault: str, command: str
) -> None:
    code, out, err = foldline(*arguments)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"error: {fault}",
        f"hint: see {command} --help; settings are key=value: train.epochs=5",
    ]


def test_anything_else_is_a_traceback(
    foldline: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_train_raise(monkeypatch, RuntimeError("broken"))
    code, _, err = foldline("train")
    assert code == 1
    assert err.startswith("Traceback")
    assert err.endswith("RuntimeError: broken\n")


def test_a_traceback_shows_no_terminal_anything(
    foldline: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_train_raise(monkeypatch, RuntimeError("of a file:\x1b[2J"))
    assert foldline("train")[2].endswith("RuntimeError: of a file:\\x1b[2J\n")


@pytest.mark.parametrize("number", [errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EEXIST])
def test_what_the_file_system_refuses_is_one_line(
    foldline: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    make_train_raise(monkeypatch, OSError(number, "cannot be", "outputs"))
    assert foldline("train")[::2] == (
        2,
        "error: outputs: cannot be; what was saved before stays\n",
    )


def test_settings_may_come_in_one_text(foldline: Callable[..., Result], seen: list[Config]) -> None:
    text = "train.folds=[0, 1] track.notes=a b"
    assert foldline("train", "--set", text, "seed=3") == (0, "", "")
    (config,) = seen
    assert (config.train.folds, config.track.notes, config.seed) == ((0, 1), "a b", 3)


def test_a_recipe_lies_under_the_home_folder(
    foldline: Callable[..., Result],
    seen: list[Config],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "small.yaml").write_text("seed: 3")
    assert foldline("train", "--config", "~/small.yaml") == (0, "", "")
    assert seen[0].seed == 3


@pytest.mark.parametrize(
    "said",
    [
        "DataLoader worker (pid 7) is killed by signal: Killed. ",
        "DataLoader worker (pid(s) 7, 8) exited unexpectedly",
        "DataLoader timed out after 300.0 seconds",
    ],
)
def test_reading_processes_that_die_are_one_line(
    said: str, foldline: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch raises this wherever the main process happens to be."""
    make_train_raise(monkeypatch, RuntimeError(said))
    code, _, err = foldline("train")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"error: train.workers: {said.strip(' .')}; ")


def test_an_interrupt_says_how_to_go_on(
    foldline: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_train_raise(monkeypatch, InterruptedByUserError("stopped in epoch 3"))
    code, out, err = foldline("train", "train.folds=[0]")
    assert (code, out) == (130, "")
    assert err == "error: stopped in epoch 3; go on with: foldline train 'train.folds=[0]'\n"


def test_an_interrupt_with_nothing_saved_says_so(
    foldline: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_train_raise(monkeypatch, KeyboardInterrupt())
    code, out, err = foldline("train")
    assert (code, out) == (130, "")
    assert err.strip() == "error: interrupted; nothing half-written is left behind"


def test_help_loads_nothing_heavy() -> None:
    code = """
import sys
from foldline.cli import main
try:
    main(["--help"])
finally:
    heavy = {"albumentations", "cv2", "numpy", "pandas", "PIL", "sklearn", "torch", "wandb"}
    print("heavy:", *sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy:"


def test_the_package_is_a_command_for_torchrun() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "foldline", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("foldline, version ")


def test_a_letter_that_the_terminal_cannot_write_is_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run("얼굴")
    done = subprocess.run(
        [sys.executable, "-m", "foldline", "runs"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert rb"\uc5bc\uad74" in done.stdout
