"""The pictures and tables of a run: made after training, and again by `report`."""

import csv
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from tests.competition import Foldline, list_files

from foldline.reporting import report_files
from foldline.reporting.figures.confusion import EMPTY_ROW
from foldline.runs.average import average_runs
from foldline.runs.files import Member, Members

TABLES = {"classes.csv", "confusion.csv", "confusion_counts.csv"}
PICTURES = {"classes.png", "confusion.png", "curves.png", "mistakes.png"}
PARTS = {"confusion_mask.png", "confusion_gender.png", "confusion_age.png"}
QUICK = ("train.epochs=1", "report.after_training=true")


def list_reports(project: Path) -> dict[str, bytes]:
    run = project / "outputs/runs/tiny"
    return {name: data for name, data in list_files(run).items() if "report/" in name}


def test_every_fold_and_the_whole_are_drawn_without_asking(
    project: Path, train_once: Callable[..., None]
) -> None:
    train_once(project, *QUICK)
    run, prepared = project / "outputs/runs/tiny", project / "outputs/prepared/tiny"
    for folder, folds in ((run / "fold_0", [0]), (run / "fold_1", [1]), (run, [0, 1])):
        report = folder / "report"
        assert {path.name for path in report.iterdir()} == TABLES | PICTURES | PARTS
        for name in PICTURES | PARTS:
            with Image.open(report / name) as picture:
                assert min(picture.size) > 100, name
        table = pd.read_csv(prepared / "train.csv")
        pictures = Counter(table[table["fold"].isin(folds)]["label"].tolist())
        check_tables(report, pictures)


def check_tables(report: Path, pictures: Counter[int]) -> None:
    """Fractions add up to the pictures of the class; a class without any is blank throughout."""
    with (report / "confusion.csv").open(newline="") as file:
        fractions = list(csv.reader(file))[1:]
    with (report / "confusion_counts.csv").open(newline="") as file:
        counts = list(csv.reader(file))[1:]
    with (report / "classes.csv").open(newline="") as file:
        scores = list(csv.DictReader(file))
    assert len(fractions) == len(counts) == len(scores) == 18
    for label in range(18):
        total = pictures[label]
        assert scores[label]["support"] == str(total)
        if not total:
            assert {*fractions[label][1:], *counts[label][1:]} == {""}
            assert not scores[label]["f1"]
            continue
        assert sum(map(int, counts[label][1:])) == total
        assert fractions[label][1:] == [f"{count}/{total}" for count in counts[label][1:]]


def test_report_makes_the_same_again(
    project: Path,
    foldline: Foldline,
    train_once: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    train_once(project, *QUICK)
    run = project / "outputs/runs/tiny"
    made = list_files(run)
    for name in list_reports(project):
        (run / name).unlink()
    assert foldline("report") == 0, capsys.readouterr().err
    assert list_files(run) == made, "and nothing else is changed"


def test_what_is_switched_off_is_not_drawn(project: Path, foldline: Foldline) -> None:
    assert foldline("prepare") == 0
    assert foldline("train", *QUICK, "report.after_training=false", "train.folds=[0]") == 0
    assert not list_reports(project)
    assert foldline("report", "report.pictures=0") == 0
    names = {name.rpartition("/")[2] for name in list_reports(project)}
    assert names == (TABLES | PICTURES | PARTS) - {"mistakes.png"}


def test_a_picture_that_cannot_be_drawn_stops_no_training(
    project: Path,
    foldline: Foldline,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: object, **settings: object) -> None:
        raise RuntimeError(f"no {EMPTY_ROW}")

    monkeypatch.setattr(report_files, "draw_grid", fail)
    assert foldline("prepare") == 0
    assert foldline("train", *QUICK, "train.folds=[1]") == 0
    err = capsys.readouterr().err
    fault = f"mistakes.png: not made: RuntimeError: no {EMPTY_ROW}\n"
    assert f"warning: outputs/runs/tiny/fold_1/report/{fault}" in err
    made = {name.rpartition("/")[2] for name in list_reports(project)}
    assert made == (TABLES | PICTURES | PARTS) - {"mistakes.png"}
    assert foldline("report") == 2, "asked for by name, it is the user's to know"
    assert f"error: outputs/runs/tiny/report/{fault}" in capsys.readouterr().err


def test_a_picture_gone_since_the_training_is_said_so_in_its_place(
    project: Path, foldline: Foldline, train_once: Callable[..., None]
) -> None:
    train_once(project, *QUICK)
    run, mistakes = project / "outputs/runs/tiny", "fold_0/report/mistakes.png"
    shutil.rmtree(run / "fold_1")
    with_all = list_reports(project)[mistakes]
    table = pd.read_csv(run / "fold_0/oof.csv")
    (project / "inputs/tiny" / table["path"][0]).unlink()
    assert foldline("report") == 0
    assert list_reports(project)[mistakes] != with_all


def test_an_average_has_a_report_without_curves(
    project: Path, foldline: Foldline, train_once: Callable[..., None]
) -> None:
    train_once(project, *QUICK)
    assert foldline("infer") == 0
    average_runs("average", Members(members=(Member(run="tiny", weight=1),)))
    assert foldline("report", "run=average") == 0
    report, tiny = (project / "outputs/runs" / name / "report" for name in ("average", "tiny"))
    assert {path.name for path in report.iterdir()} == (TABLES | PICTURES | PARTS) - {"curves.png"}
    for name in TABLES:
        assert (report / name).read_bytes() == (tiny / name).read_bytes()
