"""`foldline report`: every run under `outputs/runs` on one page, `outputs/report/index.html`."""

from pathlib import Path

import numpy as np

from foldline import console
from foldline.config import Config, name_data
from foldline.files import write_text
from foldline.metrics.compare import Draws, compare_draws, draw_run
from foldline.metrics.leaderboard_line import fit_line
from foldline.metrics.metric import METRICS
from foldline.reporting.page.assemble import assemble_page
from foldline.reporting.page.blocks import (
    BoardLine,
    HeatMap,
    PageTable,
    Pair,
    Thumbnails,
    build_blocks,
)
from foldline.reporting.page.tables import Run, Table, Whole, place_runs
from foldline.reporting.page_pictures import draw_thumbnails, find_root
from foldline.reporting.page_runs import load_runs
from foldline.runs.paths import RunFolder

RUNS_DIR = Path("outputs/runs")
PAGE = Path("outputs/report/index.html")


def build_page(config: Config) -> Path:
    """Write the page of all runs, and give its path. Raises `UserError` where there are none."""
    console.heading(f"report  {RUNS_DIR}")
    runs = load_runs(RUNS_DIR)
    pages = [_build_table(config, table) for table in place_runs(runs)]
    write_text(PAGE, assemble_page(build_blocks(runs, pages)))
    for page in pages:
        if page.note:
            console.say(f"{page.name}: {page.note}")
    unfinished = [run.name for run in runs if run.answers is None]
    if unfinished:
        console.say(f"without out-of-fold answers yet: {', '.join(unfinished)}")
    size = f"{PAGE.stat().st_size / 1e6:.1f} MB"
    console.say(f"written: {PAGE}, {len(runs)} run{'s' if len(runs) > 1 else ''}, {size}")
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
        pairs=_compare_all(table),
        board_line=_fit_line(table),
        heat_maps=heat_maps,
    )


def _compute_maps(
    table: Table, root: Path, thumbnails: Thumbnails, number: int
) -> dict[str, list[HeatMap]]:
    # torch is only loaded where a network is asked
    from foldline.reporting.page_maps import compute_run_maps

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


def _compare_all(table: Table) -> list[Pair]:
    """Each run of a table with each other, on the pictures that both have answered."""
    drawn: dict[tuple[str, bytes], Draws] = {}

    def draw(run: Run, common: Whole) -> Draws:
        # most often all runs have answered the same pictures, and each is only scored once
        key = (run.name, common.tobytes())
        if key not in drawn:
            assert run.answers is not None, f"{run.name} has no answers"
            answered = np.empty(len(table.rows), np.int64)
            answered[table.positions[run.name]] = run.answers.predicted
            rows = table.rows.iloc[common]
            drawn[key] = draw_run(
                METRICS["macro_f1"],
                rows["label"].to_numpy(dtype=np.int64),
                rows["group"].tolist(),
                np.eye(len(table.class_names))[answered[common]],
            )
        return drawn[key]

    places = {name: np.sort(place) for name, place in table.positions.items()}
    pairs = []
    with console.progress("verdicts", len(table.runs)) as bar:
        for number, first in enumerate(table.runs):
            for second in table.runs[number + 1 :]:
                common = _find_common(places[first.name], places[second.name])
                if len(common):
                    found = compare_draws(draw(second, common), draw(first, common))
                    pairs.append(
                        Pair(
                            first.name,
                            second.name,
                            *(found.difference, found.low, found.high, found.verdict),
                        )
                    )
            bar.advance()
    return pairs


def _find_common(one: Whole, other: Whole) -> Whole:
    """The places that are in both; each of them sorted."""
    return one if np.array_equal(one, other) else np.intersect1d(one, other, assume_unique=True)


def _fit_line(table: Table) -> BoardLine | None:
    """Public scores of the table's runs against what they were out of fold."""
    both = [
        (run.leaderboard["out_of_fold"], run.leaderboard["public"])
        for run in table.runs
        if run.leaderboard.keys() >= {"out_of_fold", "public"}
    ]
    line = fit_line([x for x, _ in both], [y for _, y in both])
    return BoardLine(line.slope, line.intercept, line.noise, line.num_runs) if line else None
