"""The ledger: what the leaderboard said of each run, beside what out of fold said."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from foldline import console
from foldline.command_line import format_command
from foldline.errors import UserError
from foldline.metrics.bootstrap import count_people_like, draw_scores
from foldline.metrics.leaderboard_line import (
    MIN_DISAGREEMENT,
    RUNS_FOR_NOISE,
    Line,
    choose_finals,
    fit_line,
)
from foldline.metrics.metric import METRICS
from foldline.runs.leaderboard import (
    BOARD,
    Event,
    Standing,
    append_event,
    find_score,
    is_score,
    list_standings,
    load_events,
    tell_time,
)
from foldline.runs.results import RUNS, Result, list_results
from foldline.text import count_of

_NUM_FINALS = 2
_DRAWS = 2000


@dataclass(frozen=True)
class Entry:
    """One run in the table; `public` and `private` are the last scores that were recorded."""

    name: str
    data: str
    out_of_fold: float | None
    public: float | None
    private: float | None
    remark: str
    result: Result


def run_score(name: str, score: str, *, private: bool) -> None:
    """Record that the leaderboard gave `score` to the submission of the run `name`.

    Raises `UserError` for a score that is not from 0 to 1, and a run without a submission.
    """
    if not is_score(score):
        raise UserError(f"score {score}: expected a number from 0 to 1, such as 0.7541")
    result, board = Result(RUNS / name), "private" if private else "public"
    events = [event for event in load_events() if event.run == name]
    submitted = [event for event in events if event.event == "submit"]
    now = result.sha256
    if now is None and not submitted:
        raise UserError(
            f"{RUNS / name}: no submission there to be scored; see: {format_command('leaderboard')}"
        )
    # the leaderboard scored what was submitted, whatever lies in the folder today
    sha256 = submitted[-1].sha256 if submitted else str(now)
    out_of_fold = "" if result.macro_f1 is None else repr(result.macro_f1)
    if submitted and now != sha256:
        console.warn(
            f"{result.submission} has changed since it was submitted; the score is recorded for "
            f"what was submitted, {sha256[:12]}"
        )
    elif not submitted and not result.is_as_written:
        console.warn(f"{result.submission} is not what infer wrote: the run may not be what scored")
    before = find_score([event for event in events if event.sha256 == sha256], board)
    if before is not None and before != float(score):
        console.warn(f"{name}: {board} was recorded as {before} before; the last one counts")
    append_event(
        Event(
            time=tell_time(),
            event=board,
            run=name,
            data=result.data_name,
            sha256=sha256,
            out_of_fold=submitted[-1].out_of_fold if submitted else out_of_fold,
            score=score,
        )
    )
    console.say(f"recorded: {name}, {board} {score}, in {BOARD}")


def run_leaderboard(*, public_share: float) -> None:
    """Print, for each competition, the table of runs, the line, warnings and two proposals.

    `public_share` of the test rows are taken to be behind the public score.
    """
    if not 0 < public_share <= 1:
        raise UserError(f"--public-share {public_share}: expected a share above 0, at the most 1")
    entries = _list_entries()
    if not entries:
        command = format_command("prepare", "train", "infer")
        raise UserError(f"{RUNS}: no run has a submission yet; make one with: {command}")
    for data, group in groupby(entries, key=lambda entry: entry.data):
        runs = sorted(group, key=lambda entry: (-(entry.out_of_fold or 0.0), entry.name))
        console.heading(f"{data}: {count_of(len(runs), 'run')}")
        _show(runs)
        line = _show_line(runs)
        _compare_leaders(runs, line, public_share)
        _propose(runs)


def _list_entries() -> list[Entry]:
    """Runs with a submission, and runs in the ledger whose folder may be gone, by competition."""
    standings = list_standings(load_events())
    results = {one.name: one for one in list_results() if one.sha256}
    names = sorted(results.keys() | standings.keys())
    entries = [_build_entry(name, results.get(name), standings.get(name)) for name in names]
    return sorted(entries, key=lambda entry: (entry.data, entry.name))


def _build_entry(name: str, result: Result | None, standing: Standing | None) -> Entry:
    """Of a run that has a submission, or is in the ledger, or both."""
    remarks = []
    out_of_fold = result.macro_f1 if result else None
    if standing and (result is None or standing.sha256 != result.sha256):
        # what was scored is not what lies there now: neither are its out-of-fold answers, perhaps
        out_of_fold = standing.out_of_fold if standing.out_of_fold is not None else out_of_fold
        remarks.append("submission changed since" if result else "its folder is gone")
    if result and result.is_overridden:
        remarks.append("gate overridden")
    return Entry(
        name=name,
        data=result.data_name if result else standing.data if standing else "",
        out_of_fold=out_of_fold,
        public=standing.public if standing else None,
        private=standing.private if standing else None,
        remark=", ".join(remarks),
        result=result or Result(RUNS / name),
    )


def _show(runs: Sequence[Entry]) -> None:
    def tell(value: float | None, form: str = "{:.4f}") -> str:
        return "" if value is None else form.format(value)

    rows = []
    for run in runs:
        apart = None
        if run.public is not None and run.out_of_fold is not None:
            apart = run.public - run.out_of_fold
        figures = (tell(run.out_of_fold), tell(run.public), tell(run.private))
        rows.append((run.name, *figures, tell(apart, "{:+.4f}"), run.remark))
    console.show_table(("run", "out of fold", "public", "private", "public − oof", ""), rows)


def _show_line(runs: Sequence[Entry]) -> Line | None:
    both = [
        (run.out_of_fold, run.public)
        for run in runs
        if run.public is not None and run.out_of_fold is not None
    ]
    line = fit_line([x for x, _ in both], [y for _, y in both])
    if line:
        console.say(
            f"public = {line.intercept:.3f} + {line.slope:.2f} × out of fold, "
            f"give or take {line.noise:.4f} (standard deviation, {line.num_runs} runs)"
        )
        if line.slope <= 0 and line.num_runs >= RUNS_FOR_NOISE:
            console.warn("better out of fold is no better on the board: do both see the same task?")
    return line


def _compare_leaders(runs: Sequence[Entry], line: Line | None, public_share: float) -> None:
    """Warn where the board's favourite is another one than that of the folds."""
    scored = [run for run in runs if run.public is not None and run.out_of_fold is not None]
    if len(scored) < 2:
        return
    ours, theirs = scored[0], max(scored, key=lambda run: run.public or 0.0)
    ahead = (theirs.public or 0.0) - (ours.public or 0.0)
    if ahead <= 0:
        return
    noise, source = _find_noise(ours, theirs, line, public_share)
    text = f"{theirs.name} is ahead of {ours.name} by {ahead:.4f} on the public board only"
    if noise is None:
        console.warn(f"{text}; {source}")
    elif ahead < 2 * noise:
        console.warn(
            f"{text}, within its noise (±{2 * noise:.4f}, {source}): choosing it follows the noise"
        )
    else:
        console.warn(
            f"{text}, beyond its noise (±{2 * noise:.4f}, {source}): find out why before choosing"
        )


def _find_noise(
    ours: Entry, theirs: Entry, line: Line | None, public_share: float
) -> tuple[float | None, str]:
    """The standard deviation of a difference of two runs on the public board, and whence it is."""
    if line and line.num_runs >= RUNS_FOR_NOISE:
        return line.noise * 2**0.5, f"residuals of {line.num_runs} runs"
    one, two = (run.result.load_out_of_fold() for run in (ours, theirs))
    same = one is not None and two is not None and list(one.table.path) == list(two.table.path)
    if one is None or two is None or not same:
        return None, "how noisy it is cannot be told: their oof.csv are not of the same pictures"
    papers = ours.result.papers
    rows = round((papers.rows or 0 if papers else 0) * public_share)
    people = count_people_like(max(rows, 1), len(one.table), len(set(one.groups)))
    first, second = (
        draw_scores(
            METRICS["macro_f1"], part.labels, part.probs, part.groups, draws=_DRAWS, people=people
        )
        for part in (one, two)
    )
    return float(np.std(second - first)), f"drawn from out of fold, {people} people"


def _propose(runs: Sequence[Entry]) -> None:
    """Two runs whose submissions are still there and untouched."""
    answers = {}
    for run in runs:
        given = run.result.load_answers() if run.result.is_as_written else None
        usable = run.out_of_fold is not None and not run.result.is_overridden
        if given and usable and "changed" not in run.remark:
            answers[run.name] = given
    scores = {run.name: run.out_of_fold or 0.0 for run in runs if run.name in answers}
    if len(answers) < _NUM_FINALS:
        only = f"only {next(iter(answers))}" if answers else "no run"
        console.say(
            f"no final submissions to propose yet: of {_NUM_FINALS} runs that are needed, with an "
            f"out-of-fold score and a submission as infer wrote it, there is {only}"
        )
        return
    ids = [sorted(given) for given in answers.values()]
    if any(other != ids[0] for other in ids):
        console.say("no two final submissions to propose: the submissions answer different ids")
        return
    ordered = {n: np.array([given[one] for one in ids[0]]) for n, given in answers.items()}
    finals = choose_finals(METRICS["macro_f1"], scores, ordered)
    console.say(f"final submission 1: {finals.first}, the best out of fold")
    if finals.second:
        console.say(
            f"final submission 2: {finals.second}, the best of those that answer at least "
            f"{MIN_DISAGREEMENT:.0%} of the rows otherwise ({finals.disagreement:.0%})"
        )
    else:
        console.say(
            f"final submission 2: none yet; the others differ in {finals.disagreement:.0%} of the "
            f"rows at the most, and less than {MIN_DISAGREEMENT:.0%} is the same bet twice"
        )
