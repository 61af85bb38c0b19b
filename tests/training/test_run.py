"""A run that goes on, a run that must not, and a fold that diverges."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from tests.competition import Foldline, list_files
from tests.written_runs import change_json

from foldline.data.prepared import load_prepared
from foldline.files import claiming
from foldline.learning import engine
from foldline.reporting import run_report
from foldline.runs.paths import RunFolder
from foldline.training import files as fold_files
from foldline.training import run as train_stage
from foldline.training import trainer as fold_stage

QUICK = ("train.folds=[0]", "train.epochs=1")


@pytest.fixture
def prepared(foldline: Foldline) -> Foldline:
    assert foldline("prepare") == 0
    return foldline


@pytest.fixture
def trained(project: Path, foldline: Foldline, train_once: Callable[..., None]) -> Foldline:
    """One fold of `tiny` is trained, for an epoch."""
    train_once(project, *QUICK)
    return foldline


MID_EPOCH = (
    "train.validation.every=1 step",
    "train.batch_size=2",
    "train.monitor=log_loss",
    "train.keep=every",
)


@pytest.mark.parametrize(
    ("dies_in_part", "settings"),
    [
        *((part, ()) for part in (1, 2, 3)),
        # three parts an epoch: in the first one, after one and two validations, at the very end
        *((part, MID_EPOCH) for part in (1, 2, 6, 9)),
        # a floor that the first two validations miss, and the third is below
        (6, (*MID_EPOCH, "train.validation.from_epoch=2", "train.validation.floor=2.82")),
        (2, ("train.validation.every=2 epochs", "train.schedule={name: plateau, patience: 0}")),
    ],
)
def test_an_interrupted_fold_ends_like_one_that_ran_through(
    dies_in_part: int,
    settings: tuple[str, ...],
    *,
    project: Path,
    foldline: Foldline,
    train_once: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train_once(project, "train.folds=[0]", "train.epochs=3", "run=whole", *settings)

    parts = ("train.folds=[0]", "train.epochs=3", "run=parts", *settings)
    real, calls = engine.train_epoch, iter(range(1, 20))

    def die_in_the_middle(*args: Any, **settings: Any) -> Any:
        if next(calls) == dies_in_part:
            batches = iter(args[1])

            def half() -> Any:
                yield next(batches)
                raise KeyboardInterrupt

            args = (args[0], half())
        return real(*args, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(fold_stage, "train_epoch", die_in_the_middle)
        assert foldline("train", *parts) == 130
    message = capsys.readouterr().err
    assert "go on with: foldline train --config tiny.yaml" in message
    assert "Traceback" not in message
    assert foldline("train", *parts) == 0

    one, two = (list_files(project / "outputs/runs" / run / "fold_0") for run in ("whole", "parts"))
    assert one.keys() == two.keys()
    for name in one.keys() - {"last.pt", "metrics.jsonl"}:  # which say how long it took
        assert one[name] == two[name], name
    assert read_rows(one["metrics.jsonl"]) == read_rows(two["metrics.jsonl"])


def read_rows(metrics: bytes) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in metrics.decode().splitlines()]
    return [{k: v for k, v in row.items() if k not in TIMES} for row in rows]


TIMES = ("seconds", "images_per_second")


def test_a_finished_fold_is_not_trained_again(
    project: Path, prepared: Foldline, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepared("train", "train.folds=[0]") == 0
    first = list_files(project / "outputs/runs/tiny/fold_0")
    trained: list[int] = []
    real = fold_stage._run_epoch

    def note(job: fold_files.FoldJob, *rest: Any) -> Any:
        trained.append(job.fold)
        return real(job, *rest)

    monkeypatch.setattr(fold_stage, "_run_epoch", note)
    assert prepared("train") == 0
    assert set(trained) == {1}
    assert list_files(project / "outputs/runs/tiny/fold_0") == first


def test_a_fold_that_another_process_trains_is_left_to_it(
    project: Path, prepared: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(Path("outputs/runs/tiny"))
    with claiming(run.fold(0).lock):
        assert prepared("train", "train.epochs=1") == 2
    said = capsys.readouterr()
    assert said.err == (
        "error: fold 0: another process is training it, which holds outputs/runs/tiny/.fold_0.lock;"
        " wait for it, or train others with train.folds\n"
    )
    assert "0      left to another process" in said.out
    assert not run.fold(0).path.exists()
    assert run.fold(1).is_finished, "the other fold is trained all the same"
    assert prepared("train", "train.epochs=1") == 0
    with claiming(run.fold(0).lock):
        assert prepared("train", "train.epochs=1") == 0, "nobody is needed for a finished fold"


def test_a_fold_that_another_process_finishes_meanwhile_is_no_fault(
    project: Path,
    foldline: Foldline,
    train_once: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train_once(project, "train.epochs=1", "run=shared")
    run = RunFolder(Path("outputs/runs/shared"))
    run.fold(0).oof.rename("oof.csv")
    real = train_stage._summarize

    def finish(*arguments: Any) -> None:
        Path("oof.csv").rename(run.fold(0).oof)
        real(*arguments)

    monkeypatch.setattr(train_stage, "_summarize", finish)
    capsys.readouterr()
    with claiming(run.fold(0).lock):
        assert foldline("train", "train.epochs=1", "run=shared") == 0
    said = capsys.readouterr()
    assert "0      left to another process" in said.out
    assert said.err == ""


def test_a_finished_fold_keeps_no_weights_to_go_on_from(project: Path, trained: Foldline) -> None:
    folder = RunFolder(Path("outputs/runs/tiny")).fold(0)
    small = torch.load(folder.last, weights_only=True)
    assert not small.keys() & {"model", "optimizer", "schedule", "scaler"}
    before = list_files(folder.path)
    # of an older version, or of a process that was killed in between
    torch.save({**small, "model": {}, "optimizer": {}}, folder.last)
    with claiming(folder.lock):
        assert trained("train", *QUICK) == 0
    assert "model" in torch.load(folder.last, weights_only=True), "another process is at it"
    assert trained("train", *QUICK) == 0
    assert torch.load(folder.last, weights_only=True).keys() == small.keys()
    assert list_files(folder.path) | {"last.pt": b""} == before | {"last.pt": b""}
    folder.last.write_bytes(b"damaged")
    assert trained("train", *QUICK) == 0
    assert not folder.last.exists()


def test_a_finished_fold_that_has_lost_its_rows_is_answered_again(
    project: Path, trained: Foldline, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(Path("outputs/runs/tiny")).fold(0)
    before = list_files(folder.path)
    folder.oof.unlink()
    folder.metrics.unlink()
    with monkeypatch.context() as patch:
        patch.delattr(fold_stage, "train_epoch")
        assert trained("train", *QUICK) == 0
    assert list_files(folder.path) == before


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("label", "17", "not of the classes, pictures and labels of the prepared table"),
        ("label", "18", "label '18' is no class of 18"),
        ("path", "x.jpg", "not of the classes, pictures and labels"),
        ("fold", "1", "fold '1' is another one"),
    ],
)
def test_rows_that_are_not_of_the_table_are_never_counted(
    column: str,
    value: str,
    said: str,
    *,
    project: Path,
    trained: Foldline,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = RunFolder(Path("outputs/runs/tiny"))
    before = run.scores.read_bytes()
    table = pd.read_csv(run.fold(0).oof, dtype=str, keep_default_na=False)
    table.loc[1, column] = value
    table.to_csv(run.fold(0).oof, index=False)
    assert trained("train", *QUICK) == 2
    assert said in capsys.readouterr().err
    assert run.scores.read_bytes() == before


def test_a_run_that_another_process_begins_meanwhile_is_joined(
    project: Path, prepared: Foldline, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = train_stage.check_recipe  # type: ignore[attr-defined]

    def begin(config: Any, table: Any, folds: Any) -> None:
        train_stage.begin_run(config, table, "there")  # type: ignore[attr-defined]
        real(config, table, folds)

    monkeypatch.setattr(train_stage, "check_recipe", begin)
    assert prepared("train", "train.folds=[0]", "train.epochs=1") == 0
    environment = json.loads((project / "outputs/runs/tiny/environment.json").read_text())
    assert environment["device"] == "there"


def test_a_report_that_cannot_be_made_is_said_once(
    project: Path,
    prepared: Foldline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run_report, "_write", lambda directory, *_: [f"{directory}: not made"])
    settings = ("train.folds=[0]", "train.epochs=1", "report.after_training=true")
    assert prepared("train", *settings) == 0
    fold = "warning: outputs/runs/tiny/fold_0/report: not made\n"
    assert capsys.readouterr().err.count(fold) == 1
    assert prepared("train", *settings) == 0
    assert capsys.readouterr().err.count(fold) == 1, "the same command tries again"


def test_every_fold_starts_from_its_own_network(project: Path, prepared: Foldline) -> None:
    """Not the network of the fold before, which has seen this fold's people."""
    assert prepared("train", "run=both") == 0
    assert prepared("train", "run=second", "train.folds=[1]") == 0
    both, second = (project / f"outputs/runs/{run}/fold_1/best.pt" for run in ("both", "second"))
    assert both.read_bytes() == second.read_bytes()


def test_best_is_chosen_by_the_monitor(project: Path, prepared: Foldline) -> None:
    assert prepared("train", "train.epochs=4", "train.monitor=log_loss", "train.folds=[0]") == 0
    rows = [
        json.loads(line)
        for line in (project / "outputs/runs/tiny/fold_0/metrics.jsonl").read_text().splitlines()
    ]
    lowest = min(rows, key=lambda row: row["log_loss"])
    saved = torch.load(project / "outputs/runs/tiny/fold_0/best.pt", weights_only=True)
    assert saved["epoch"] == lowest["epoch"]
    assert saved["scores"]["log_loss"] == pytest.approx(lowest["log_loss"])


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["train.optimizer.lr=0.5"], "train.optimizer.lr: 0.001 there, 0.5 here"),
        (["seed=7"], "seed: 0 there, 7 here"),
        (["train.folds=[5]"], "train.folds: there is no fold 5; expected 0 to 1"),
        (["train.epoch=5"], "train.epoch"),
        (["train.epochs=many"], "train.epochs"),
        (["folds.number=3"], "folds.number"),
        (["model.name=resnet81", "run=new"], "model.name"),
        (["model.train=layer9", "run=new"], "model.train"),
        (["model.weights=nowhere.pth", "run=new"], "nowhere.pth"),
        (["train.augment=[{name: Flop}]", "run=new"], "train.augment.0: 'Flop'"),
        (["train.augment=[{name: HorizontalFlip, q: 1}]", "run=new"], "train.augment.0"),
    ],
)
def test_what_the_user_must_change_touches_nothing(
    overrides: list[str],
    expected: str,
    project: Path,
    trained: Foldline,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = list_files(project / "outputs")
    capsys.readouterr()
    assert trained("train", *QUICK, *overrides) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 3
    assert list_files(project / "outputs") == before


def test_a_missing_table_names_the_command(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert foldline("train") == 2
    assert "foldline prepare --config tiny.yaml" in capsys.readouterr().err
    assert not (project / "outputs/runs").exists()


def test_a_changed_table_is_refused(
    project: Path, prepared: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepared("train", "train.folds=[0]") == 0
    shutil.rmtree(project / "inputs/tiny/train/images/000001_male_Asian_25")
    assert prepared("prepare") == 0
    capsys.readouterr()
    for stage in ("train", "infer"):
        assert prepared(stage) == 2
        assert "sealed" in capsys.readouterr().err


def test_a_diverging_fold_keeps_its_last_good_epoch(
    project: Path,
    prepared: Foldline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    real, calls = engine.train_epoch, iter(range(1, 10))

    def diverge_in_the_second_epoch(*args: Any, **settings: Any) -> Any:
        if next(calls) == 2:
            settings["criterion"] = lambda logits, labels: logits.sum() * float("nan")
        return real(*args, **settings)

    monkeypatch.setattr(fold_stage, "train_epoch", diverge_in_the_second_epoch)
    assert prepared("train") == 2
    said = capsys.readouterr()
    assert "fold 0: the loss was not finite at steps 1 to 2 of epoch 2" in said.err
    run = project / "outputs/runs/tiny"
    assert torch.load(run / "fold_0/best.pt", weights_only=True)["epoch"] == 1
    assert not (run / "fold_0/oof.csv").exists()
    assert (run / "fold_1/oof.csv").exists(), "the other fold is trained all the same"


@pytest.mark.parametrize("policy", ["reject", "fail"])
def test_a_picture_that_breaks_later(
    policy: str, project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    setting = f"data.on_bad_image={policy}"
    assert foldline("prepare", setting) == 0
    rows = pd.read_csv(project / "outputs/prepared/tiny/train.csv")
    bad = rows[rows["fold"] == 0]["path"].iloc[0]
    path = project / "inputs/tiny" / bad
    whole = path.read_bytes()
    # the header and the end marker are there, the middle is not
    path.write_bytes(whole[: len(whole) // 2] + whole[-2:])
    code = foldline("train", setting)
    said = capsys.readouterr().err
    assert bad in said
    if policy == "fail":
        assert code == 2
        return
    assert code == 0
    answered = pd.read_csv(project / "outputs/runs/tiny/oof.csv")
    assert len(answered) == 11
    assert bad not in set(answered["path"])


def test_a_class_that_was_not_learned_is_named(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("train.folds=[0]", "train.epochs=1")
    assert foldline("prepare", *settings) == 0
    rows = pd.read_csv(project / "outputs/prepared/tiny/train.csv")
    learned_from = rows[rows["fold"] != 0]
    label = int(learned_from["label"].iloc[0])
    for path in learned_from[learned_from["label"] == label]["path"]:
        (project / "inputs/tiny" / path).write_bytes(b"")
    capsys.readouterr()
    assert foldline("train", *settings) == 0
    name = load_prepared(Path("outputs/prepared/tiny")).class_names[label]
    lost = "fold 0: CLASSES THAT WERE NOT LEARNED, as none of their pictures could be decoded"
    assert f"{lost}: 1 ({name})" in capsys.readouterr().err


def test_training_goes_on_where_one_picture_of_a_batch_is_left(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    """Batch norm cannot learn from one; half of the pictures are gone, and whole batches."""
    settings = ("train.batch_size=2", "train.folds=[0]")
    assert foldline("prepare", *settings) == 0
    rows = pd.read_csv(project / "outputs/prepared/tiny/train.csv")
    paths = [project / "inputs/tiny" / path for path in rows[rows["fold"] == 1]["path"]]
    for path in paths[1:-2]:
        path.write_bytes(b"")
    assert foldline("train", *settings) == 0
    assert f"{len(paths) - 3} pictures left out" in capsys.readouterr().err
    (project / "outputs/runs/tiny/fold_0/oof.csv").read_bytes()
    for left, code in ((1, 2), (0, 2)):
        for path in paths[left:]:
            path.write_bytes(b"")
        assert foldline("train", *settings, f"run=left-{left}") == code
        assert "pictures could be read, or just one" in capsys.readouterr().err


def test_training_labels_do_not_reach_the_scores(project: Path, foldline: Foldline) -> None:
    """Training with an age cut is scored on the official labels."""
    cut = "data.train_age_cut=40"
    assert foldline("prepare", cut) == 0
    assert foldline("train", cut) == 0
    answered = pd.read_csv(project / "outputs/runs/tiny/oof.csv")
    table = pd.read_csv(project / "outputs/prepared/tiny/train.csv")
    assert (answered["label"] == table["label"]).all()
    assert (answered["label"] != answered["train_label"]).any()


def test_pictures_without_a_training_label_are_only_scored(
    project: Path, prepared: Foldline, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_on: list[int] = []
    real = train_stage.load_prepared  # type: ignore[attr-defined]

    def without_labels(directory: Path) -> Any:
        table = real(directory)
        others = table.train.index[table.train["fold"] == 1]
        table.train.loc[others[2:], "train_label"] = pd.NA
        return table

    def note(*args: Any, **settings: Any) -> Any:
        result = engine.train_epoch(*args, **settings)
        trained_on.append(result.images)
        return result

    monkeypatch.setattr(train_stage, "load_prepared", without_labels)
    monkeypatch.setattr(fold_stage, "train_epoch", note)
    assert prepared("train", "train.folds=[0]", "train.epochs=1") == 0
    assert trained_on == [2]
    answered = pd.read_csv(project / "outputs/runs/tiny/fold_0/oof.csv")
    assert len(answered) == 6


def test_weights_that_have_seen_the_validation_people_are_refused(
    project: Path, prepared: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepared("train", "train.epochs=1", "run=first") == 0
    leaking = "model.weights=outputs/runs/first/fold_0/best.pt"
    assert prepared("train", "train.epochs=1", "run=second", leaking) == 2
    assert "was trained on people of fold 1" in capsys.readouterr().err
    honest = "model.weights='outputs/runs/first/fold_{fold}/best.pt'"
    assert prepared("train", "train.epochs=1", "run=second", honest) == 0


@pytest.mark.usefixtures("keep_last")
def test_a_fold_goes_on_only_with_as_many_processes(
    project: Path, prepared: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepared("train", "train.folds=[0]") == 0
    fold_dir = project / "outputs/runs/tiny/fold_0"
    (fold_dir / "oof.csv").unlink()
    state = torch.load(fold_dir / "last.pt", weights_only=True)
    elsewhere = {"machine": state["machine"] | {"processes": 4}}
    torch.save(state | elsewhere | {"epochs_done": 1}, fold_dir / "last.pt")
    assert prepared("train", "train.folds=[0]") == 2
    assert "processes 4" in capsys.readouterr().err
    torch.save({"history": []}, fold_dir / "last.pt")
    assert prepared("train", "train.folds=[0]") == 2
    assert "delete it to train this fold again" in capsys.readouterr().err


def test_scores_that_are_not_finite_never_become_the_last_good_epoch(
    project: Path, prepared: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepared("train", "train.optimizer={name: sgd, lr: 1e30, momentum: 0}") == 2
    said = capsys.readouterr().err
    assert "the fold stays at epoch 0" in said
    assert not (project / "outputs/runs/tiny/fold_0/last.pt").exists()


@pytest.mark.usefixtures("keep_last")
def test_a_fold_that_lost_its_log_just_before_the_end_is_finished(
    project: Path, prepared: Foldline
) -> None:
    """Killed between the last weights and the last line of the log."""
    assert prepared("train", "train.folds=[0]") == 0
    fold_dir = project / "outputs/runs/tiny/fold_0"
    before = list_files(fold_dir)
    (fold_dir / "oof.csv").unlink()
    (fold_dir / "metrics.jsonl").unlink()
    assert prepared("train", "train.folds=[0]") == 0
    assert list_files(fold_dir) == before


def test_a_disk_that_went_away_stops_the_training(
    project: Path, prepared: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "inputs/tiny/train").rename(project / "elsewhere")
    assert prepared("train") == 2
    assert "is the folder of data.root still there" in capsys.readouterr().err
    (project / "elsewhere").rename(project / "inputs/tiny/train")
    assert prepared("train") == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("environment.json", "{"),
        ("config.yaml", "old: 1"),
        ("fold_0/metrics.jsonl", '{"epoch": 1}\n'),
        ("fold_0/metrics.jsonl", ""),
    ],
)
def test_a_broken_run_folder_is_named(
    name: str,
    content: str,
    project: Path,
    trained: Foldline,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (project / "outputs/runs/tiny" / name).write_text(content)
    assert trained("train", *QUICK) == 2
    said = capsys.readouterr().err
    assert name in said
    assert "Traceback" not in said


def test_a_run_of_a_version_that_gave_it_no_identity_goes_on(
    project: Path, trained: Foldline
) -> None:
    run = RunFolder(project / "outputs/runs/tiny")
    change_json(run.environment, identity=None)
    assert trained("train", "train.epochs=1") == 0
    assert run.fold(1).is_finished
    assert run.load_identity() == run.load_identity()
    change_json(run.environment, identity="abc")
    assert run.load_identity() == "abc"


def test_a_network_that_cannot_look_at_such_pictures(
    project: Path, prepared: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepared("train", "model.name=alexnet", "model.arguments={}") == 2
    assert "data.image_size" in capsys.readouterr().err
    assert not (project / "outputs/runs").exists()
