"""`foldline report`: every run under `outputs/runs` on one page, `outputs/report/index.html`."""

from itertools import combinations
from pathlib import Path

import numpy as np

from foldline import console
from foldline.config import Config, name_data
from foldline.files import write_text
from foldline.reporting.page.assemble import assemble_page
from foldline.reporting.page.blocks import HeatMap, PageTable, Pair, Thumbnails, build_blocks
from foldline.reporting.page.tables import Table, place_runs
from foldline.scoring.compare import compare_runs
from foldline.scoring.out_of_fold import OutOfFold, load_out_of_fold
from foldline.stages.page_pictures import draw_thumbnails, find_root
from foldline.stages.page_runs import load_runs
from foldline.stages.runs import RunFolder

RUNS_DIR = Path("outputs/runs")
LEADERBOARD = Path("outputs/leaderboard.csv")
PAGE = Path("outputs/report/index.html")

# of each table so many of its best runs are compared, each with each
_COMPARED = 10


def build_page(config: Config) -> Path:
    """Write the page of all runs, and give its path. Raises `UserError` where there are none."""
    console.heading(f"report  {RUNS_DIR}")
    runs = load_runs(RUNS_DIR, LEADERBOARD)
    pages = [_build_table(config, table) for table in place_runs(runs)]
    write_text(PAGE, assemble_page(build_blocks(runs, pages)))
    for page in pages:
        if page.note:
            console.say(f"{page.name}: {page.note}")
    unfinished = [run.name for run in runs if run.answers is None]
    if unfinished:
        console.say(f"without out-of-fold answers yet: {', '.join(unfinished)}")
    console.say(f"written: {PAGE}, {len(runs)} runs, {PAGE.stat().st_size / 1e6:.1f} MB")
    return PAGE


def _build_table(config: Config, table: Table) -> PageTable:
    settings = table.runs[0].settings
    root = find_root(table.runs, table.rows["path"].tolist())
    thumbnails = None
    if root is not None and config.report.thumbnails > 0:
        thumbnails = draw_thumbnails(table, root, config.report.thumbnails)
    heat_maps: dict[str, list[HeatMap]] = {}
    if root is not None and thumbnails is not None and config.report.cam:
        heat_maps = _compute_maps(table, root, thumbnails, config.report.cam)
    return PageTable(
        name=_choose_name(settings),
        table=table,
        thumbnails=thumbnails,
        note=_describe_left_out(config, settings, root, thumbnails),
        pairs=_compare_best(table),
        heat_maps=heat_maps,
    )


def _compute_maps(
    table: Table, root: Path, thumbnails: Thumbnails, number: int
) -> dict[str, list[HeatMap]]:
    # torch is only loaded where a network is asked
    from foldline.stages.page_maps import compute_run_maps

    maps = {}
    with console.progress("where they look", len(table.runs)) as bar:
        for run in table.runs:
            folder = RunFolder(RUNS_DIR / run.name)
            maps[run.name] = compute_run_maps(
                table, run, folder=folder, root=root, cell=thumbnails.cell, number=number
            )
            bar.advance()
    return maps


def _choose_name(settings: dict[str, str]) -> str:
    name = settings.get("data.name", "null")
    return name_data(
        None if name == "null" else name, Path(settings.get("data.root", "unknown data"))
    )


def _describe_left_out(
    config: Config, settings: dict[str, str], root: Path | None, thumbnails: Thumbnails | None
) -> str:
    """What the page says about pictures that are not in it; nothing where all are."""
    if config.report.thumbnails == 0:
        return "no pictures, as report.thumbnails=0 asks for"
    if root is None or thumbnails is None:
        return f"no pictures, as they cannot be read under {settings.get('data.root')}"
    total = sum(map(len, thumbnails.strips))
    embedded = sum(map(len, thumbnails.strips[: len(thumbnails.images)]))
    if embedded == total:
        return ""
    return (
        f"{embedded} of {total} pictures, those of the people with the most mistakes; "
        "report.thumbnails holds more"
    )


def _compare_best(table: Table) -> list[Pair]:
    """The best runs of a table, each with each, on the pictures that both have answered."""
    names = [run.name for run in table.runs[:_COMPARED]]
    pairs = list(combinations(names, 2))
    if not pairs:
        return []
    found = []
    with console.progress("verdicts", len(names) + len(pairs)) as bar:
        answers: dict[str, OutOfFold] = {}
        for name in names:
            answers[name] = load_out_of_fold(RUNS_DIR / name / "oof.csv")
            bar.advance()
        for first, second in pairs:
            pair = _compare_two(table, answers, first, second)
            found += [pair] if pair else []
            bar.advance()
    return found


def _compare_two(
    table: Table, answers: dict[str, OutOfFold], first: str, second: str
) -> Pair | None:
    at_first, at_second = table.positions[first], table.positions[second]
    common, in_first, in_second = np.intersect1d(
        at_first, at_second, assume_unique=True, return_indices=True
    )
    if not len(common):
        return None
    rows = table.rows.iloc[common]
    result = compare_runs(
        rows["label"].to_numpy(dtype=np.int64),
        rows["group"].tolist(),
        answers[second].probs[in_second],
        answers[first].probs[in_first],
        len(table.class_names),
    )
    return Pair(first, second, result.mean, result.low, result.high, result.verdict)
