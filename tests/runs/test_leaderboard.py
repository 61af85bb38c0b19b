"""The leaderboard: rows are only ever added, by any number of processes."""

import multiprocessing
from pathlib import Path

import pytest

from foldline.errors import UserError
from foldline.runs.leaderboard import LEADERBOARD, Event, append_event, load_events, parse_score


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(number: int = 0, **changes: str) -> Event:
    values = {"time": "2026-01-31T09:30:00Z", "event": "public", "run": f"run {number}"}
    values |= {"data": "mask", "sha256": "0" * 64, "out_of_fold": "0.5", "score": "0.7541"}
    return Event(**(values | changes))


def test_what_was_added_is_read_back() -> None:
    assert load_events() == []
    events = [
        make(event="submit", score="", message='마스크 "5", 첫 시도'),
        make(1),
        make(2, event="private", score="1"),
    ]
    for event in events:
        append_event(event)
    assert load_events() == events


@pytest.mark.parametrize(
    "message", ["one\ntwo", "one\rtwo", "one\r\ntwo", "one\t two", "\none two\n"]
)
def test_a_message_of_several_lines_is_kept_on_one(message: str) -> None:
    append_event(make(1, message=message))
    append_event(make(2))
    assert [event.message for event in load_events()] == ["one two", ""]
    assert len(LEADERBOARD.read_bytes().splitlines()) == 3


def test_what_a_terminal_would_obey_is_written_out() -> None:
    append_event(make(1, message="a\x1b[2Jb\0"))
    assert load_events()[0].message == r"a\x1b[2Jb\x00"


@pytest.mark.parametrize("broken", ['"one\ntwo"', "one\rtwo", '"one\r\ntwo"'])
def test_a_message_that_an_older_version_wrote_over_two_lines_is_read(broken: str) -> None:
    append_event(make(1))
    with LEADERBOARD.open("a", newline="") as file:
        file.write(f"t,public,run 2,d,s,,0.5,,{broken}\n")
    append_event(make(3))
    assert [event.run for event in load_events()] == ["run 1", "run 2", "run 3"]
    assert load_events()[1].message == "one two"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b"\n \n"])
def test_a_file_with_nothing_in_it_is_begun(content: bytes) -> None:
    LEADERBOARD.parent.mkdir()
    LEADERBOARD.write_bytes(content)
    assert load_events() == []
    append_event(make(1))
    append_event(make(2))
    assert [event.run for event in load_events()] == ["run 1", "run 2"]


def test_a_folder_in_its_place_is_named() -> None:
    LEADERBOARD.mkdir(parents=True)
    with pytest.raises(UserError, match=r"leaderboard\.csv: cannot be read: Is a directory"):
        append_event(make())


def append_some(start: int) -> None:
    for number in range(start, start + 20):
        append_event(make(number))


def test_processes_that_write_at_once_lose_nothing() -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=append_some, args=(20 * k,)) for k in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(int(event.run.split()[1]) for event in load_events()) == list(range(80))


def test_a_last_line_without_an_end_stays_a_line_of_its_own() -> None:
    append_event(make(0))
    LEADERBOARD.write_bytes(b"\xef\xbb\xbf" + LEADERBOARD.read_bytes().rstrip())
    append_event(make(1))
    assert [event.run for event in load_events()] == ["run 0", "run 1"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("run,score\na,0.5\n", "expected the columns time,event"),
        ("{head}a,b\n", "line 2: expected 9 cells"),
        ("{head}t,won,r,d,s,,0.5,,\n", "line 2: event 'won' is none of"),
        ("{head}t,public,r,d,s,,-0.5,,\n", "line 2: score '-0.5' is no score"),
        ("{head}t,public,r,d,s,nan,0.5,,\n", "line 2: out_of_fold 'nan' is no score"),
        ("{head}t,public,../r,d,s,,0.5,,\n", "line 2: run '../r' is no name of a run"),
        ("{head}t,public,,d,s,,0.5,,\n", "line 2: run '' is no name of a run"),
        ("{head}t,public," + "r" * 300 + ",d,s,,0.5,,\n", "line 2: run 'rrr"),
        ('{head}"t', "line 2: not CSV"),
    ],
)
def test_a_table_that_was_spoilt_is_left_alone(content: str, expected: str) -> None:
    append_event(make())
    head = LEADERBOARD.read_text().splitlines()[0] + "\n"
    text = content.replace("{head}", head)
    LEADERBOARD.write_text(text)
    with pytest.raises(UserError, match=expected):
        append_event(make(1))
    assert LEADERBOARD.read_text() == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("1", 1.0),
        ("0.7541", 0.7541),
        ("1.01", 1.01),
        ("-0.1", None),
        ("nan", None),
        ("inf", None),
        ("75,4", None),
        ("", None),
    ],
)
def test_a_score_is_one_that_some_metric_has(text: str, expected: float | None) -> None:
    assert parse_score(text) == expected
