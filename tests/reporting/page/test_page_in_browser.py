"""The page as its reader has it: opened from disk, sorted, filtered, compared, by keyboard."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.browser import Page, open_browser
from tests.needs import needs_chromium
from tests.reporting.page.test_shared_table import compare

from foldline.metrics.leaderboard_line import Line
from foldline.metrics.metric import METRICS
from foldline.reporting.learning_curves import Curve
from foldline.reporting.page.assemble import assemble_page
from foldline.reporting.page.blocks import HeatMap, PageTable, Thumbnails, build_blocks
from foldline.reporting.page.shared_table import PageRun, Predictions, share_tables
from foldline.reporting.page.strips import cut_strips, draw_strip

pytestmark = needs_chromium

CLASSES = (
    "</script><script>window.fooled = 1</script>",
    "마스크 \"old\" & '60+'",
    "<img src=x onerror=window.fooled=1>",
)
PEOPLE = ("000001_남자", 'a "quoted" <b>person</b>', "c")
CELL = (64, 48)


def build_run(name: str, score: float, wrong: list[int]) -> PageRun:
    """Twelve pictures of three people; the rows in `wrong` are answered by the next class."""
    labels = np.arange(12) % 3
    rows = pd.DataFrame(
        {
            "path": [f"images/{PEOPLE[row // 4]}/{row}.jpg" for row in range(12)],
            "group": [PEOPLE[row // 4] for row in range(12)],
            "fold": [row // 4 for row in range(12)],
            "label": labels,
        }
    )
    predicted = labels.copy()
    predicted[wrong] = (labels[wrong] + 1) % 3
    confidence = np.linspace(0.4, 0.95, 12)[:, None]
    probs = np.where(np.eye(3)[predicted] == 1, confidence, (1 - confidence) / 2)
    curve = Curve(
        (0.5, 1.0, 1.5, 2.0),
        {"macro_f1": (0.0, score / 2, score / 2, score), "train_loss": (1.0, 0.9, 0.8, 0.5)},
        3,
    )
    return PageRun(
        name=name,
        seal="5ea1" * 16,
        settings={"model.name": f"net of {name}", "train.epochs": str(len(wrong)), "seed": "0"},
        scores={"macro_f1": score, "log_loss": 2 * score},
        interval=(score - 0.1, score + 0.1),
        seconds=100 * score,
        curves={"0": curve, "1": curve},
        leaderboard={"public": 0.1 + 0.75 * score, "out_of_fold": score},
        predictions=Predictions(CLASSES, rows, probs),
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = [
        build_run("<b>good</b>", 0.8, [4]),
        build_run("middle", 0.5, [1, 4, 7]),
        build_run("bad", 0.2, [0, 1, 2, 3, 4, 7]),
    ]
    (table,) = share_tables(runs)
    strips = cut_strips([list(range(start, start + 4)) for start in (0, 4, 8)])
    images = [draw_strip([None] * len(strip), CELL) for strip in strips]
    page = PageTable(
        name="tiny",
        table=table,
        thumbnails=Thumbnails(CELL, strips, images),
        leaderboard_line=Line(0.75, 0.1, 0.0, 3),
        pairs={("<b>good</b>", "middle"): compare(0.3, 0.1, 0.5, "real gain")},
        heat_maps={"middle": [HeatMap(7, np.ones((2, 2), np.float32), (0.25, 0.0, 0.5, 1.0))]},
    )
    target = tmp_path_factory.mktemp("report") / "index.html"
    target.write_text(assemble_page(build_blocks(runs, [page])), encoding="utf-8")
    return target


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with open_browser() as page:
        yield page


@pytest.fixture
def page(browser: Page, path: Path) -> Iterator[Page]:
    """The page freshly opened; afterwards nothing may have failed or been fetched."""
    browser.events.clear()
    browser.open(path)
    yield browser
    browser.run("localStorage.clear()")
    assert browser.list_errors() == []
    assert browser.list_requests() == [path.resolve().as_uri()]
    assert browser.run("window.fooled") is None


def list_runs(page: Page) -> list[str]:
    names = page.run("[...document.querySelectorAll('#runs tbody th label')].map(e=>e.innerText)")
    return [str(name).strip() for name in names]


def press_until(page: Page, wanted: str, key: str = "Tab") -> None:
    """Go on with the keyboard until `wanted`, a selector, has the focus."""
    for _ in range(80):
        if page.run(f"document.activeElement.matches({wanted!r})"):
            return
        page.press(key)
    raise AssertionError(f"the keyboard does not reach {wanted}")


def test_runs_are_sorted_by_keyboard(page: Page) -> None:
    assert list_runs(page) == ["<b>good</b>", "middle", "bad"]
    page.press("Tab")
    assert page.run("document.activeElement.textContent") == "Skip to the runs"
    press_until(page, "button[data-key=seconds]")
    page.press("Enter", text="\r")
    assert list_runs(page) == ["bad", "middle", "<b>good</b>"]
    # the focus stays where it was, on the column that now says how it is sorted
    assert page.run("document.activeElement.closest('th').ariaSort") == "ascending"
    page.press("Enter", text="\r")
    assert list_runs(page) == ["<b>good</b>", "middle", "bad"]
    assert page.run("document.querySelectorAll('[aria-sort]').length") == 1


def test_runs_are_filtered_by_any_setting(page: Page) -> None:
    page.run("filter.value='epochs=3'; filter.dispatchEvent(new Event('input'))")
    assert list_runs(page) == ["middle"]
    assert page.run("document.getElementById('filter-count').value") == "1 of 3 runs"


def test_columns_are_remembered(page: Page, path: Path) -> None:
    heads = "[...document.querySelectorAll('#runs thead button')].map(e=>e.dataset.key)"
    assert "log_loss" in page.run(heads)
    for title in ("Log loss", "train.epochs"):
        box = f"[...columns.querySelectorAll('label')].find(e => e.textContent == '{title}')"
        page.run(f"{box}.click()")
    page.events.clear()
    page.open(path)
    assert "log_loss" not in page.run(heads)
    assert "set train.epochs" in page.run(heads)


def test_choosing_a_run_brings_its_settings_and_curves(page: Page) -> None:
    settings = "document.getElementById('differences-body').innerText"
    assert "train.epochs" in page.run(settings)
    assert "seed" not in page.run(settings)
    assert "bad" not in page.run(settings)
    page.run("document.querySelector('#runs tr:last-child input').click()")
    assert "bad" in page.run(settings)
    lines = "document.querySelectorAll('#curves-chart .scatterlayer path.js-line').length"
    assert page.run(lines) == 3 * (2 + 1)
    assert page.run("document.querySelectorAll('#classes-chart .bars path').length") == 9
    ticks = "[...document.querySelectorAll('#curves-chart .xtick')].map(e => e.textContent)"
    assert page.run(ticks) == ["1", "2"], "epochs are whole"
    places = "document.getElementById('curves-chart').data.map(line => line.x)"
    assert page.run(places) == [[0.5, 1, 1.5, 2]] * 9, "validations may be within them"
    epochs = "[...document.querySelectorAll('#curves-table tbody th')].map(e => e.textContent)"
    assert page.run(epochs) == ["0.5", "1", "1.5", "2"]
    last = "#classes-table td:last-child"
    f1 = f"[...document.querySelectorAll('{last}')].map(e => e.textContent)"
    # of `bad`, by hand: 2·2/(4+3), 2·1/(4+3), 2·3/(4+6)
    assert page.run(f1) == ["0.571", "0.286", "0.600"]


def test_a_confusion_opens_its_pictures_and_their_person(page: Page) -> None:
    cards = "[...document.querySelectorAll('#cards li')].map(e=>e.innerText)"
    assert len(page.run(cards)) == 1
    page.run("document.querySelectorAll('.matrix')[1].querySelector('[data-at=\"0\"]').focus()")
    page.press("ArrowDown")
    page.press("ArrowRight")
    said = page.run("document.getElementById('cell').innerText")
    assert "middle 1 of 4 (25.0 %)" in said
    page.press("ArrowRight")
    assert "middle 3 of 4 (75.0 %)" in page.run("document.getElementById('cell').innerText")
    page.press("Enter", text="\r")
    shown = page.run(cards)
    assert len(shown) == 3
    assert all(f"✗ {CLASSES[2]}" in card and f"is {CLASSES[1]}" in card for card in shown)
    # the surest first: rows 7, 4 and 1
    labels = "[...document.querySelectorAll('#cards .picture')].map(e=>e.ariaLabel)"
    assert [one.rsplit("/", 1)[1] for one in page.run(labels)] == ["7.jpg", "4.jpg", "1.jpg"]
    press_until(page, "#cards button")
    page.press("Enter", text="\r")
    assert page.run("person.open && document.querySelector('dialog').open")
    title = page.run("document.getElementById('person-title').innerText")
    assert title == f"{PEOPLE[1]}: 4 pictures"
    assert page.run("document.querySelectorAll('dialog figure').length") == 4
    page.press("Escape")
    assert not page.run("document.querySelector('dialog').open")


def test_pictures_are_filtered_by_person_and_confidence(page: Page) -> None:
    count = "document.querySelectorAll('#cards li').length"
    change = "document.getElementById('gallery-controls').dispatchEvent(new Event('input'))"
    page.run(f"document.getElementById('gallery-show').value='all'; {change}")
    assert page.run(count) == 12
    page.run(f"document.getElementById('gallery-person').value='남자'; {change}")
    assert page.run(count) == 4
    page.run(f"document.getElementById('gallery-from').value=50; {change}")
    assert page.run(count) == 2


def test_where_a_network_looked_lies_over_what_it_saw(page: Page) -> None:
    change = "document.getElementById('gallery-controls').dispatchEvent(new Event('input'))"
    page.run(f"document.getElementById('gallery-run').value=2; {change}")
    assert page.run("document.querySelectorAll('#cards canvas').length") == 0
    page.run("document.getElementById('gallery-maps').click()")
    assert page.run("document.querySelectorAll('#cards canvas').length") == 1
    left, wide = page.run(
        "(() => { const c = document.querySelector('#cards canvas').getBoundingClientRect();"
        "const p = document.querySelector('#cards .picture').getBoundingClientRect();"
        "return [(c.left - p.left) / p.width, c.width / p.width]; })()"
    )
    assert (left, wide) == pytest.approx((0.25, 0.5), abs=0.01)


def test_two_runs_are_chosen_and_judged(page: Page) -> None:
    verdict = "document.getElementById('verdict').innerText"
    assert "real gain" in page.run(verdict)
    assert "+0.300" in page.run(verdict)
    page.run("document.querySelector('#runs tr:last-child input').click()")
    page.run("(e => {e.value = 1; e.dispatchEvent(new Event('change'))})(document.all['run-b'])")
    assert "no picture in common" in page.run(verdict)


def test_out_of_fold_stands_against_the_leaderboard(page: Page) -> None:
    marks = "document.querySelectorAll('#leaderboard-chart .points path').length"
    assert page.run(marks) == 3
    said = page.run("document.getElementById('leaderboard-chart').ariaLabel")
    assert "public: <b>good</b> 0.800 out of fold, 0.700" in said
    assert "0.100 + 0.75 × out of fold" in page.run("document.all['leaderboard-line'].innerText")
    heads = "[...document.querySelectorAll('#runs thead button')].map(e=>e.dataset.key)"
    assert "leaderboard public" in page.run(heads)
    assert "leaderboard private" not in page.run(heads)


def test_a_metric_that_is_the_better_the_lower_ranks_the_runs(
    browser: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns, order, axes and captions are of whatever metric the runs have."""
    brier = replace(METRICS["log_loss"], key="brier", title="Brier score", range=(0.0, 2.0))
    monkeypatch.setitem(METRICS, "brier", brier)
    runs = [
        replace(
            build_run(name, score, []),
            metric="brier",
            scores={"brier": score, "macro_f1": score},
            curves={"0": Curve((1.0, 2.0), {"brier": (1.5, score), "macro_f1": (0.1, 0.2)}, 1)},
        )
        for name, score in (("bad", 1.0), ("good", 0.5), ("middle", 0.75))
    ]
    (table,) = share_tables(runs)
    pairs = {("good", "bad"): compare(-0.5, -0.7, -0.3, "real gain")}
    target = tmp_path / "index.html"
    content = PageTable("tiny", table, pairs=pairs, leaderboard_line=Line(0.75, 0.1, 0.0, 3))
    target.write_text(assemble_page(build_blocks(runs, [content])), encoding="utf-8")
    browser.events.clear()
    browser.open(target)
    assert list_runs(browser) == ["good", "middle", "bad"]
    heads = "[...document.querySelectorAll('#runs thead button')].map(e => e.dataset.key)"
    assert browser.run(heads)[2:6] == ["brier", "macro_f1", "accuracy", "log_loss"]
    assert (
        browser.run("document.querySelector('[aria-sort=ascending]').textContent")
        == "Brier score ▲"
    )
    # from 0.4 to 0.6 on a range of 0 to 2
    bar = browser.run("document.querySelector('#runs td.interval i').style.cssText")
    assert bar == "left: 20%; width: 10%;"
    assert browser.run("document.getElementById('metric').value") == "brier"
    title = "document.querySelector(`#${e}-chart .%stitle`).textContent"
    axes = f"['curves', 'leaderboard'].map(e => {title})"
    assert browser.run(axes % "y") == ["Brier score", "leaderboard"]
    assert browser.run(axes % "x") == ["epoch", "Brier score out of fold"]
    browser.run("(e => {e.value = 0; e.dispatchEvent(new Event('change'))})(document.all['run-b'])")
    assert "Brier score of good minus bad: −0.500" in browser.run("verdict.innerText")
    browser.run("document.querySelector('#runs [data-key=brier]').click()")
    assert list_runs(browser) == ["bad", "middle", "good"]
    assert browser.list_errors() == []


def test_an_average_lacks_no_setting(browser: Page, tmp_path: Path) -> None:
    members = {"members": "0.5 one + 0.5 two"}
    runs = [build_run("one", 0.5, [1]), replace(build_run("average", 0.75, []), settings=members)]
    target = tmp_path / "index.html"
    page = PageTable("tiny", share_tables(runs)[0])
    target.write_text(assemble_page(build_blocks(runs, [page])), encoding="utf-8")
    browser.events.clear()
    browser.open(target)
    cells = "[...document.querySelectorAll('#runs tbody td:nth-child(2)')].map(e => e.innerText)"
    assert browser.run(cells) == ["0.5 one + 0.5 two", "net of one"]
    settings = "[...document.querySelectorAll('#differences-body code')].map(e => e.innerText)"
    assert browser.run(settings) == ["members"]
    assert browser.list_errors() == []


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_the_screen_in_light_and_dark(
    width: int, dark: bool, browser: Page, path: Path
) -> None:
    browser.events.clear()
    browser.open(path, width=width, dark=dark)
    assert browser.run("document.documentElement.scrollWidth") == width
    ground = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(19, 23, 26)") is dark
    assert browser.list_errors() == []
    # no matrix of these few classes needs to be moved sideways to be read
    wide = "[...document.querySelectorAll('#matrices .scroll')].map(e=>e.scrollWidth-e.clientWidth)"
    assert browser.run(wide) == [0, 0, 0]


def test_every_control_has_a_name(page: Page) -> None:
    nodes = page.ask("Accessibility.getFullAXTree")["nodes"]
    controls = {"button", "checkbox", "combobox", "searchbox", "spinbutton", "link", "img"}
    roles = [(node["role"]["value"], node.get("name", {}).get("value")) for node in nodes]
    named = [(role, name) for role, name in roles if role in controls]
    assert len(named) > 40
    assert [role for role, name in named if not name] == []
