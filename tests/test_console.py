import io
from collections.abc import Callable

import pytest
from rich.console import Console

from foldline import console


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass on the console's clock, in seconds."""
    now = [1000.0]

    def pass_seconds(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr("foldline.console.time.monotonic", lambda: now[0])
    return pass_seconds


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Make a terminal 100 columns wide; return what is sent to it."""
    sent = io.StringIO()
    monkeypatch.setattr(console, "_out", Console(file=sent, force_terminal=True, width=100))
    return sent


def test_without_a_terminal_progress_is_at_most_one_line_an_interval(
    capsys: pytest.CaptureFixture[str], wait: Callable[[float], None]
) -> None:
    with console.progress("training", 100) as bar:
        for _ in range(100):
            wait(console.SECONDS_BETWEEN_LINES / 40)
            bar.advance()
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["training  40/100", "training  80/100"]


def test_without_a_terminal_quick_work_prints_nothing(
    capsys: pytest.CaptureFixture[str], wait: Callable[[float], None]
) -> None:
    with console.progress("scanning", 1000) as bar:
        for _ in range(1000):
            bar.advance()
    assert capsys.readouterr().out == ""


def test_a_line_of_progress_ends_with_the_last_note(
    capsys: pytest.CaptureFixture[str], wait: Callable[[float], None]
) -> None:
    with console.progress("epoch 3", 10) as bar:
        bar.note("loss 0.61")
        bar.note("loss 0.52")
        wait(console.SECONDS_BETWEEN_LINES)
        bar.advance(4)
    assert capsys.readouterr().out == "epoch 3  4/10  loss 0.52\n"


def test_in_a_terminal_the_bar_shows_what_is_done_and_goes_away(terminal: io.StringIO) -> None:
    with console.progress("epoch 3", 10) as bar:
        bar.advance(4)
        bar.note("loss 0.52")
    assert "epoch 3" in terminal.getvalue()
    assert "4/10" in terminal.getvalue()
    assert "loss 0.52" in terminal.getvalue()
    # up one line, and that line erased
    assert terminal.getvalue().endswith("\x1b[1A\x1b[2K")


def test_tables_have_names_to_the_left_and_figures_to_the_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.show_table(["fold", "F1", "images"], [["0", "0.61", 700], ["mean", "0.6", 1400]])
    assert capsys.readouterr().out.splitlines() == [
        "fold    F1  images",
        "0     0.61     700",
        "mean   0.6    1400",
    ]


def test_korean_letters_take_two_cells(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_table(["얼굴", "수"], [["a", 1], ["가나다", 20]])
    assert capsys.readouterr().out.splitlines() == ["얼굴    수", "a        1", "가나다  20"]


def test_a_table_without_rows_shows_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_table(["fold", "F1"], [])
    assert capsys.readouterr().out == "fold  F1\n"


def test_a_wide_table_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_table(["a" * 60, "b" * 60], [["1", "2"]])
    assert "b" * 60 in capsys.readouterr().out


def test_brackets_and_colons_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    text = "[bold]x[/bold] :car: [/]"
    console.log(text)
    console.heading(text)
    console.warn(text)
    console.fail(text)
    console.show_table([text], [[text]])
    out, err = capsys.readouterr()
    assert out.splitlines() == [text] * 4
    assert err.splitlines() == [f"warning: {text}", f"error: {text}"]


def test_what_a_terminal_would_obey_is_escaped(
    capsys: pytest.CaptureFixture[str], terminal: io.StringIO
) -> None:
    console.note("a\x1b[2J\rb")
    assert capsys.readouterr().err == "a\\x1b[2J\\x0db\n"
    with console.progress("[bold]\x1b[2J", 2) as bar:
        bar.note("[/]\x1b[3J")
        bar.advance()
    assert "[bold]\\x1b[2J" in terminal.getvalue()
    assert "[/]\\x1b[3J" in terminal.getvalue()


def test_long_lines_are_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    console.log("x " * 200)
    console.fail("y " * 200)
    out, err = capsys.readouterr()
    assert (out.count("\n"), err.count("\n")) == (1, 1)


def test_silence_is_for_all_lines(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    wait: Callable[[float], None],
) -> None:
    monkeypatch.setattr(console, "_out", Console())
    monkeypatch.setattr(console, "_err", Console(stderr=True))
    console.silence()
    console.log("a")
    console.warn("b")
    console.show_table(["c"], [["d"]])
    with console.progress("e", 2) as bar:
        wait(console.SECONDS_BETWEEN_LINES)
        bar.advance()
    assert capsys.readouterr() == ("", "")
