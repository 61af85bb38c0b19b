"""`foldline report`: every run under `outputs/runs` on one page, `outputs/report/index.html`."""

from pathlib import Path

import numpy as np

from foldline import console
from foldline.config import RUNS
from foldline.files import write_text
from foldline.metrics.compare import Comparison, Draws, compare_draws, draw_run
from foldline.metrics.leaderboard_line import Line, fit_line
from foldline.reporting.page.assemble import assemble_page
from foldline.reporting.page.blocks import HeatMap, PageTable, Thumbnails, build_blocks
from foldline.reporting.page.shared_table import PageRun, Rows, SharedTable, share_tables
from foldline.reporting.page_pictures import draw_thumbnails, find_root
from foldline.reporting.page_runs import load_runs
from foldline.runs.paths import RunFolder
from foldline.text import count_of

PAGE = Path("outputs/report/index.html")


def build_page(*, megabytes: float, num_maps: int) -> None:
    """Write the page of all runs, with `megabytes` of pictures and `num_maps` heat maps a run.

    Raises `UserError` where there are no runs.
    """
    console.heading(f"report  {RUNS}")
    runs = load_runs(RUNS)
    pages = [_build_table(table, megabytes, num_maps) for table in share_tables(runs)]
    write_text(PAGE, assemble_page(build_blocks(runs, pages)))
    for page in pages:
        if page.note:
            console.log(f"{page.name}: {page.note}")
    unfinished = [run.name for run in runs if run.predictions is None]
    if unfinished:
        console.log(f"without out-of-fold answers yet: {', '.join(unfinished)}")
    size = f"{PAGE.stat().st_size / 1e6:.1f} MB"
    console.log(f"written: {PAGE}, {count_of(len(runs), 'run')}, {size}")


def _build_table(table: SharedTable, megabytes: float, num_maps: int) -> PageTable:
    best = table.runs[0]
    root = find_root(table.runs, table.rows["path"].tolist())
    thumbnails = draw_thumbnails(table, root, megabytes) if root and megabytes > 0 else None
    heat_maps: dict[str, list[HeatMap]] = {}
    if root and thumbnails and num_maps:
        heat_maps = _compute_maps(table, root, thumbnails, num_maps)
    return PageTable(
        name=best.data_name,
        table=table,
        thumbnails=thumbnails,
        note=_describe_left_out(thumbnails, megabytes, best.settings.get("data.root", "?")),
        pairs=_compare_all(table),
        leaderboard_line=_fit_line(table),
        heat_maps=heat_maps,
    )


def _compute_maps(
    table: SharedTable, root: Path, thumbnails: Thumbnails, number: int
) -> dict[str, list[HeatMap]]:
    # torch is only loaded where a network is asked
    from foldline.reporting.page_maps import compute_run_maps

    maps = {}
    with console.progress("where they look", len(table.runs)) as bar:
        for run in table.runs:
            folder = RunFolder(RUNS / run.name)
            maps[run.name] = compute_run_maps(
                table, run, folder=folder, root=root, cell=thumbnails.cell, number=number
            )
            bar.advance()
    return maps


def _describe_left_out(thumbnails: Thumbnails | None, megabytes: float, data_root: str) -> str:
    """Return what the page says about pictures that are not in it; nothing where all are."""
    if megabytes == 0:
        return "no pictures, as report.thumbnails=0 asks for"
    if thumbnails is None:
        return f"no pictures, as they cannot be read under {data_root}"
    total = sum(map(len, thumbnails.strips))
    embedded = sum(map(len, thumbnails.strips[: len(thumbnails.images)]))
    if embedded == total:
        return ""
    return (
        f"{embedded} of {total} pictures, those of the people with the most mistakes; "
        "report.thumbnails holds more"
    )


def _compare_all(table: SharedTable) -> dict[tuple[str, str], Comparison]:
    """Compare each run of a table with each other, on the pictures that both have answered."""
    metric, labels, groups = table.metric, table.labels, table.rows["group"].to_numpy()
    drawn: dict[tuple[str, bytes], Draws] = {}

    def draw(run: PageRun, common: Rows) -> Draws:
        # most often all runs have answered the same pictures, and each is only scored once
        key = (run.name, common.tobytes())
        if key not in drawn:
            assert run.predictions is not None, f"{run.name} has no predictions"
            place = np.empty(len(table.rows), np.int64)
            place[table.positions[run.name]] = np.arange(len(run.predictions.rows))
            probs = run.predictions.probs[place[common]]
            drawn[key] = draw_run(metric, labels[common], groups[common].tolist(), probs)
        return drawn[key]

    pairs = {}
    with console.progress("verdicts", len(table.runs)) as bar:
        for number, first in enumerate(table.runs):
            for second in table.runs[number + 1 :]:
                positions = table.positions[first.name], table.positions[second.name]
                common = np.intersect1d(*positions, assume_unique=True)
                if len(common):
                    found = compare_draws(draw(second, common), draw(first, common))
                    pairs[first.name, second.name] = found
            bar.advance()
    return pairs


def _fit_line(table: SharedTable) -> Line | None:
    """Fit the public scores of the table's runs to what they were out of fold."""
    both = [
        (run.leaderboard["out_of_fold"], run.leaderboard["public"])
        for run in table.runs
        if run.leaderboard.keys() >= {"out_of_fold", "public"}
    ]
    return fit_line([x for x, _ in both], [y for _, y in both])
