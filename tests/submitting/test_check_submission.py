"""A submission that is spoilt is stopped before anyone sees its score; an honest one is not."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.competition import Foldline, Said, draw
from tests.drawn_runs import FAIR, GOOD, DrawnProject

Rows = list[list[str]]
Command = Callable[..., Said]


def read(path: Path) -> Rows:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def write(path: Path, rows: Rows) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def answer_with(rows: Rows, answers: list[str]) -> Rows:
    return [rows[0], *([row[0], answer] for row, answer in zip(rows[1:], answers, strict=True))]


def rotate_ids(rows: Rows) -> Rows:
    ids = [row[0] for row in rows[1:]]
    shifted = [*ids[1:], ids[0]]
    return [rows[0], *([one, row[1]] for one, row in zip(shifted, rows[1:], strict=True))]


def shuffle(rows: Rows) -> Rows:
    answers = np.random.default_rng(3).permutation([row[1] for row in rows[1:]])
    return answer_with(rows, answers.tolist())


SPOILT: dict[str, tuple[Callable[[Rows], Rows], str]] = {
    "reversed rows": (lambda rows: [rows[0], *rows[:0:-1]], "the rows are reversed"),
    "rows moved by one": (lambda rows: [rows[0], *rows[2:], rows[1]], "rows are shifted by one"),
    "ids moved by one": (rotate_ids, "rows are shifted by one"),
    "two rows exchanged": (lambda r: [r[0], r[2], r[1], *r[3:]], "2 rows are not where"),
    "a label 18": (lambda r: [*r[:9], [r[9][0], "18"], *r[10:]], "ans '18' is no class (1 rows"),
    "floats": (lambda r: [r[0], *([a, f"{b}.0"] for a, b in r[1:])], "; write "),
    "blanks": (lambda r: [*r[:9], [r[9][0], " 3"], *r[10:]], "ans ' 3' is no class"),
    "no answer": (lambda r: [*r[:9], [r[9][0], ""], *r[10:]], "ans '' is no class"),
    "a missing id": (lambda r: r[:-1], "ids missing: 1"),
    "a doubled id": (lambda r: [*r, r[1]], "ids more than once: 1"),
    "a foreign id": (lambda r: [*r[:-1], ["x.jpg", "3"]], "ids of no test picture: 1"),
    "a sample file": (lambda r: answer_with(r, ["0"] * len(r[1:])), "every answer is wear-male"),
    "shuffled": (shuffle, "not the most probable class of probs.csv"),
    "other columns": (lambda r: [["id", "label"], *r[1:]], "columns id,label"),
    "a third column": (lambda r: [[*row, "1"] for row in r], "expected id and answer"),
    "a byte order mark": (lambda r: [["\ufeffImageID", "ans"], *r[1:]], "byte order mark"),
    "nothing": (lambda r: [], "empty"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_spoilt_is_stopped(spoilt: str, drawn: DrawnProject, command: Command) -> None:
    path = drawn.add_run("one", seed=1) / "submission.csv"
    change, expected = SPOILT[spoilt]
    write(path, change(read(path)))
    said = command("check-submission", str(path))
    assert said.code == 2
    assert expected in said.err
    assert all(line.startswith(("error: ", "warning: ")) for line in said.err.splitlines())


def test_every_fault_is_a_line(drawn: DrawnProject, command: Command) -> None:
    path = drawn.add_run("one", seed=1) / "submission.csv"
    rows = read(path)
    write(path, [["a", "b"], *rows[2:], ["x.jpg", "77"], rows[3]])
    faults = command("check-submission", str(path)).err
    for expected in ("columns a,b", "ids missing", "of no test", "more than", "421 rows", "'77'"):
        assert expected in faults


def test_an_honest_submission_passes(drawn: DrawnProject, command: Command) -> None:
    path = drawn.add_run("one", seed=1) / "submission.csv"
    said = command("check-submission", str(path))
    assert (said.code, said.err) == (0, "")
    # what could not be checked is said
    assert "no earlier submission of another run" in said.out
    drawn.add_run("two", seed=2)
    said = command("check-submission", str(path))
    assert (said.code, said.err) == (0, "")
    assert "agrees with two in" in said.out


def test_answers_of_other_rows_are_found_without_probabilities(
    drawn: DrawnProject, command: Command
) -> None:
    """The probabilities of a run in another order: only another run can tell."""
    folder = drawn.add_run("one", seed=1)
    rows = read(folder / "probs.csv")
    write(
        folder / "probs.csv",
        [rows[0], *([a[0], *b[1:]] for a, b in zip(rows[1:], rows[:0:-1], strict=True))],
    )
    path = folder / "submission.csv"
    answers = read(path)
    write(path, answer_with(answers, [row[1] for row in answers[:0:-1]]))
    assert command("check-submission", str(path)).code == 0
    drawn.add_run("two", seed=2)
    said = command("check-submission", str(path))
    assert said.code == 2
    assert "agrees with two in" in said.err


@pytest.mark.parametrize("spoil", [False, True])
def test_a_file_of_nobody_is_compared_with_the_best_run(
    spoil: bool, drawn: DrawnProject, command: Command
) -> None:
    drawn.add_run("poor", seed=1)
    drawn.add_run("good", seed=2, skill=GOOD)
    rows = read(drawn.add_run("mine", seed=3) / "submission.csv")
    for file in (drawn.root / "outputs/runs/mine").iterdir():
        file.unlink()
    write(drawn.root / "downloaded.csv", shuffle(rows) if spoil else rows)
    said = command("check-submission", "downloaded.csv", "data.name=drawn")
    assert said.code == (2 if spoil else 0), said.err
    assert "agrees with good in" in (said.err if spoil else said.out)


def test_what_was_forced_or_edited_is_no_reference(drawn: DrawnProject, command: Command) -> None:
    path = drawn.add_run("one", seed=1) / "submission.csv"
    forced = drawn.add_run("forced", seed=2) / "submission.json"
    forced.write_text(json.dumps(json.loads(forced.read_text()) | {"overridden": ["order"]}))
    edited = drawn.add_run("edited", seed=3) / "submission.csv"
    write(edited, shuffle(read(edited)))
    other_table = drawn.add_run("other", seed=4) / "environment.json"
    other_table.write_text('{"seal": "another"}')
    said = command("check-submission", str(path))
    assert said.code == 0
    assert "no earlier submission of another run" in said.out


@pytest.mark.parametrize("kind", [2, 5])
def test_a_class_may_be_absent(kind: int, drawn: DrawnProject, command: Command) -> None:
    """People of 60 are one in thirty: that not one is answered proves nothing."""
    folder = drawn.add_run("one", seed=1, skill=GOOD)
    table = np.loadtxt(folder / "probs.csv", delimiter=",", skiprows=1, usecols=range(1, 19))
    table[:, [kind, kind + 6, kind + 12]] = 0
    table /= table.sum(axis=1, keepdims=True)
    drawn.submit_probs(folder, table)
    assert kind not in {int(row[1]) % 6 for row in read(folder / "submission.csv")[1:]}
    said = command("check-submission", str(folder / "submission.csv"))
    assert (said.code, said.err) == (0, "")


def test_pictures_nobody_could_read_do_not_count(drawn: DrawnProject, command: Command) -> None:
    """A broken download of half the pictures, answered by the most frequent class."""
    folder = drawn.add_run("one", seed=1, skill=FAIR)
    table = np.loadtxt(folder / "probs.csv", delimiter=",", skiprows=1, usecols=range(1, 19))
    table[::2] = np.eye(18)[0]
    drawn.submit_probs(folder, table)
    path = str(folder / "submission.csv")
    assert command("check-submission", path).code == 2
    record = json.loads((folder / "submission.json").read_text())
    (folder / "submission.json").write_text(json.dumps(record | {"unread": drawn.ids[::2]}))
    assert command("check-submission", path).code == 0


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b'a,b\n"x,1\n'])
def test_a_file_that_cannot_be_read(
    content: bytes | None, drawn: DrawnProject, command: Command
) -> None:
    if content is not None:
        (drawn.root / "odd.csv").write_bytes(content)
    said = command("check-submission", "odd.csv", "data.name=drawn")
    assert said.code == 2
    assert "odd.csv: " in said.err
    assert len(said.err.splitlines()) == 1


def test_a_file_that_is_not_there_is_no_file_of_another_competition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("none.csv", "."):
        said = command("check-submission", name)
        assert (said.code, said.err) == (
            2,
            f"error: {name}: no such file; expected a submission to check\n",
        )


def test_infer_writes_what_is_stopped_only_by_force(
    project: Path, foldline: Foldline, capsys: pytest.CaptureFixture[str]
) -> None:
    """Forty copies of one picture are answered alike."""
    ids = [f"{number:040x}.jpg" for number in range(40)]
    (project / "inputs/tiny/eval/info.csv").write_text(
        "ImageID,ans\n" + "".join(f"{one},0\n" for one in ids)
    )
    for one in ids:
        draw(project / "inputs/tiny/eval/images" / one, (80, 60, 120), seed=9)
    assert foldline("prepare") == 0
    assert foldline("train", "train.epochs=1", "train.folds=[0]") == 0
    capsys.readouterr()
    assert foldline("infer", "infer.folds=[0]") == 2
    assert "submission.csv: every answer is " in capsys.readouterr().err
    run = project / "outputs/runs/tiny"
    written = {path.name for path in run.iterdir()}
    assert not written & {"submission.csv", "probs.csv", "submission.json"}
    assert foldline("infer", "--force", "infer.folds=[0]") == 0
    assert "overridden: every answer is " in capsys.readouterr().err
    (overridden,) = json.loads((run / "submission.json").read_text())["overridden"]
    assert overridden.startswith("every answer is ")


def test_probabilities_of_other_classes_are_not_compared_with(
    drawn: DrawnProject, command: Command
) -> None:
    run = drawn.add_run("ours", seed=0)
    header, *rows = read(run / "probs.csv")
    write(run / "probs.csv", [header[:3], *([row[0], "1", "0"] for row in rows)])
    said = command("check-submission", str(run / "submission.csv"))
    assert (said.code, said.err) == (0, "")
    assert "no probs.csv of these ids and classes to compare with" in said.out
