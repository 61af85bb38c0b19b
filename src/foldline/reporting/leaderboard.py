"""What the leaderboard said of each run, beside what out of fold said."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from foldline import console
from foldline.command_line import format_command
from foldline.config import RUNS
from foldline.errors import UserError
from foldline.metrics.bootstrap import count_people_like, draw_scores
from foldline.metrics.leaderboard_line import (
    MIN_DISAGREEMENT,
    RUNS_FOR_NOISE,
    Line,
    choose_finals,
    fit_line,
)
from foldline.metrics.metric import Metric
from foldline.runs.leaderboard import (
    LEADERBOARD,
    Event,
    Standing,
    append_event,
    find_score,
    format_now,
    list_standings,
    load_events,
    parse_score,
)
from foldline.runs.listing import list_records, warn_of_problems
from foldline.runs.record import RunRecord
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
    record: RunRecord

    @property
    def pair(self) -> tuple[float, float] | None:
        """The scores out of fold and in public, where both are known."""
        if self.out_of_fold is None or self.public is None:
            return None
        return self.out_of_fold, self.public


def run_score(name: str, score: str, *, private: bool) -> None:
    """Record that the leaderboard gave `score` to the submission of the run `name`.

    Raises `UserError` for a score that the run's metric cannot have, and for a run without a
    submission.
    """
    record, kind = RunRecord.load(RUNS / name), "private" if private else "public"
    value = parse_score(score)
    if value is None or (record.config and not record.metric.is_possible(value)):
        raise UserError(f"score {score}: expected {_describe_range(record.metric)}")
    events = [event for event in load_events() if event.run == name]
    submitted = [event for event in events if event.event == "submit"]
    now = record.sha256
    if now is None and not submitted:
        raise UserError(
            f"{record.path}: no submission there to be scored; see: {format_command('leaderboard')}"
        )
    # the leaderboard scored what was submitted, whatever lies in the folder today
    sha256 = submitted[-1].sha256 if submitted else str(now)
    out_of_fold = "" if record.score is None else repr(record.score)
    path = record.folder.submission
    if submitted and now != sha256:
        console.warn(
            f"{path} has changed since it was submitted; the score is recorded for what was "
            f"submitted, {sha256[:12]}"
        )
    elif not submitted and not record.is_as_written:
        console.warn(f"{path} is not what infer wrote: the run may not be what scored")
    warn_of_problems([record])
    before = find_score([event for event in events if event.sha256 == sha256], kind)
    if before is not None and before != value:
        console.warn(f"{name}: {kind} was recorded as {before} before; the last one counts")
    append_event(
        Event(
            time=format_now(),
            event=kind,
            run=name,
            data=record.data_name,
            sha256=sha256,
            out_of_fold=submitted[-1].out_of_fold if submitted else out_of_fold,
            score=score,
        )
    )
    console.log(f"recorded: {name}, {kind} {score}, in {LEADERBOARD}")


def _describe_range(metric: Metric) -> str:
    low, high = metric.range
    within = f"of {low:g} or more" if math.isinf(high) else f"from {low:g} to {high:g}"
    return f"a number {within}, such as 0.7541"


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
        runs = list(group)
        metric = _choose_metric(runs)
        runs.sort(key=lambda entry: (metric.rank(entry.out_of_fold), entry.name))
        console.heading(f"{data}: {count_of(len(runs), 'run')}")
        _show(runs)
        line = _show_line(runs)
        _compare_leaders(metric, runs, line, public_share)
        _propose(metric, runs)
    warn_of_problems(entry.record for entry in entries)


def _choose_metric(runs: Sequence[Entry]) -> Metric:
    """Return the metric of most runs of a competition; warn of runs with another."""
    known = [run for run in runs if run.record.config] or runs
    metric, _ = Counter(run.record.metric for run in known).most_common(1)[0]
    for run in known:
        if run.record.metric is not metric:
            console.warn(
                f"{run.name}: its out-of-fold score is {run.record.metric.title}, not "
                f"{metric.title} as of most runs; train it again with metric={metric.key}"
            )
    return metric


def _list_entries() -> list[Entry]:
    """Return runs with a submission, and those in the leaderboard that may be gone, by data."""
    standings = list_standings(load_events())
    submitted = {record.name for record in list_records() if record.has_submission}
    entries = [_build_entry(name, standings.get(name)) for name in submitted | standings.keys()]
    return sorted(entries, key=lambda entry: (entry.data, entry.name))


def _build_entry(name: str, standing: Standing | None) -> Entry:
    """Return the entry of a run that has a submission, or is in the leaderboard, or both."""
    record = RunRecord.load(RUNS / name)
    out_of_fold = record.score if record.has_submission else None
    remarks = []
    if standing and standing.sha256 != record.sha256:
        # what was scored is not what lies there now: neither are its out-of-fold answers, perhaps
        out_of_fold = out_of_fold if standing.out_of_fold is None else standing.out_of_fold
        remarks.append(
            "submission changed since" if record.has_submission else "its folder is gone"
        )
    if record.has_submission and record.is_overridden:
        remarks.append("gate overridden")
    return Entry(
        name=name,
        data=standing.data if standing and not record.has_submission else record.data_name,
        out_of_fold=out_of_fold,
        public=standing.public if standing else None,
        private=standing.private if standing else None,
        remark=", ".join(remarks),
        record=record,
    )


def _show(runs: Sequence[Entry]) -> None:
    rows = []
    for run in runs:
        scores = (run.out_of_fold, run.public, run.private)
        apart = f"{run.pair[1] - run.pair[0]:+.4f}" if run.pair else ""
        cells = ["" if score is None else f"{score:.4f}" for score in scores]
        rows.append((run.name, *cells, apart, run.remark))
    console.show_table(("run", "out of fold", "public", "private", "public − oof", ""), rows)


def _show_line(runs: Sequence[Entry]) -> Line | None:
    pairs = [run.pair for run in runs if run.pair]
    line = fit_line([x for x, _ in pairs], [y for _, y in pairs])
    if line:
        console.log(
            f"public = {line.intercept:.3f} + {line.slope:.2f} × out of fold, "
            f"give or take {line.noise:.4f} (standard deviation, {line.num_runs} runs)"
        )
        if line.slope <= 0 and line.num_runs >= RUNS_FOR_NOISE:
            console.warn(
                "better out of fold is no better on the leaderboard: do both see the same task?"
            )
    return line


def _compare_leaders(
    metric: Metric, runs: Sequence[Entry], line: Line | None, public_share: float
) -> None:
    """Warn where the leaderboard's favourite is another one than that of the folds."""
    scored = [run for run in runs if run.pair]
    if len(scored) < 2:
        return
    ours, theirs = scored[0], min(scored, key=lambda run: metric.rank(run.public))
    ahead = metric.compute_gain(theirs.public or 0.0, ours.public or 0.0)
    if ahead <= 0:
        return
    noise, source = _find_noise(metric, ours, theirs, line, public_share)
    text = f"{theirs.name} is ahead of {ours.name} by {ahead:.4f} on the public leaderboard only"
    if noise is None:
        console.warn(f"{text}; {source}")
        return
    advice = "beyond its noise ({}): find out why before choosing"
    if ahead < 2 * noise:
        advice = "within its noise ({}): choosing it follows the noise"
    console.warn(f"{text}, {advice.format(f'±{2 * noise:.4f}, {source}')}")


def _find_noise(
    metric: Metric, ours: Entry, theirs: Entry, line: Line | None, public_share: float
) -> tuple[float | None, str]:
    """Return the standard deviation of a difference of two public scores, and its source."""
    if line and line.num_runs >= RUNS_FOR_NOISE:
        return line.noise * 2**0.5, f"residuals of {line.num_runs} runs"
    one, two = (run.record.out_of_fold for run in (ours, theirs))
    same = one is not None and two is not None and list(one.table.path) == list(two.table.path)
    if one is None or two is None or not same:
        return None, "how noisy it is cannot be told: their oof.csv are not of the same pictures"
    submission = ours.record.submission
    rows = round((submission.rows or 0 if submission else 0) * public_share)
    people = count_people_like(max(rows, 1), len(one.table), len(set(one.groups)))
    first, second = (
        draw_scores(metric, part.labels, part.probs, part.groups, draws=_DRAWS, people=people)
        for part in (one, two)
    )
    return float(np.std(second - first)), f"drawn from out of fold, {people} people"


def _propose(metric: Metric, runs: Sequence[Entry]) -> None:
    """Propose two of the runs whose submissions are still there and as they were written."""
    answers, scores = {}, {}
    for run in runs:
        given = run.record.answers if run.record.is_as_written else None
        usable = not run.record.is_overridden and "changed" not in run.remark
        if given and usable and run.out_of_fold is not None:
            answers[run.name] = dict(zip(given.ids, given.answers, strict=True))
            scores[run.name] = run.out_of_fold
    if len(answers) < _NUM_FINALS:
        only = f"only {next(iter(answers))}" if answers else "no run"
        console.log(
            f"no final submissions to propose yet: of {_NUM_FINALS} runs that are needed, with an "
            f"out-of-fold score and a submission as infer wrote it, there is {only}"
        )
        return
    ids = [sorted(given) for given in answers.values()]
    if any(other != ids[0] for other in ids):
        console.log("no two final submissions to propose: the submissions answer different ids")
        return
    ordered = {n: np.array([given[one] for one in ids[0]]) for n, given in answers.items()}
    finals = choose_finals(metric, scores, ordered)
    console.log(f"final submission 1: {finals.first}, the best out of fold")
    if finals.second:
        console.log(
            f"final submission 2: {finals.second}, the best of those that answer at least "
            f"{MIN_DISAGREEMENT:.0%} of the rows otherwise ({finals.disagreement:.0%})"
        )
    else:
        console.log(
            f"final submission 2: none yet; the others differ in {finals.disagreement:.0%} of the "
            f"rows at the most, and less than {MIN_DISAGREEMENT:.0%} is the same bet twice"
        )
