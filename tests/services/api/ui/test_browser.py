"""Every page in a real browser, light and dark, wide and on a phone: accessible, quiet, no wider than the screen.

Screenshots are kept in .seep/screenshots. `SEEP_SCREENSHOTS=docs/images` writes those of the README anew.
"""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from cli.reports.gathering import gather
from cli.reports.html import as_html
from results.storage.overview import points_of_monitors
from seep.runtime.http_server import http_server
from seep.settings import Settings
from services.api.application import application
from services.api.ui.charts import Mark, trend
from services.api.ui.rendering import asset
from tests import seeded
from tests.services.api.ui.pages import PATHS
from tests.stored import Stored

pytestmark = pytest.mark.slow
NEEDED = "needs playwright and axe-playwright-python: make setup installs both"
playwright = pytest.importorskip("playwright.sync_api", reason=NEEDED)
axe = pytest.importorskip("axe_playwright_python.base", reason=NEEDED)

CHROMIUM = shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(found => found.violations)"""
KEPT = Path(".seep/screenshots")
# A busy machine draws slowly; nothing here is about speed.
PATIENCE_MS = 120_000
# Of the paper, less its margins of 14 mm, in CSS pixels.
A4_WIDTH = 688
LARGEST_REPORT = 300_000
SCHEMES = ("light", "dark")
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def days() -> int:
    """Two months, so that alarms have risen by themselves."""
    return seeded.DAYS


@pytest.fixture(scope="module")
def address(pages_store: Stored, configured: Settings) -> Iterator[str]:
    """Where the pages are served."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = http_server(application(pages_store, configured), connections=64)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=300)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's own Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("no chromium is on the PATH: apt-get install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of a browser as somebody has it; it fails for whatever the console complains of."""
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    opened.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
    opened.on("request", lambda sent: complaints.append(sent.url) if not _is_own(sent.url) else None)
    yield opened
    context.close()
    assert complaints == []


@pytest.mark.parametrize("name", [name for name in PATHS if name != "progress-part"])
def test_a_page_is_accessible_and_no_wider_than_the_screen(page: Any, address: str, name: str) -> None:
    """Loaded once, and then looked at in each light and width."""
    KEPT.mkdir(parents=True, exist_ok=True)
    page.goto(address + PATHS[name])
    page.evaluate(axe.AXE_SCRIPT)
    found = []
    for scheme, width in product(SCHEMES, WIDTHS):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=KEPT / f"{name}-{scheme}-{width}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{scheme}, {width}: wider than the screen by {wide} px"] if wide > 0 else []
        violations = page.evaluate(AXE, RULES)
        found += [f"{scheme}, {width}: {each['id']} at {each['nodes'][0]['target']}" for each in violations]
    assert found == []


@pytest.mark.parametrize("name", ["compare", "compare-baseline"])
def test_on_a_phone_effect_interval_and_verdict_are_there_without_a_sideways_scroll(
    page: Any, address: str, name: str
) -> None:
    page.set_viewport_size({"width": min(WIDTHS), "height": 900})
    page.goto(address + PATHS[name])
    hidden = """[...document.querySelectorAll('table.effects td')].map(each => each.getBoundingClientRect())
        .filter(box => box.left < 0 || box.right > document.documentElement.clientWidth).length"""
    assert page.locator("table.effects td").count() > 9
    assert page.evaluate(hidden) == 0


@pytest.mark.parametrize("days", [0.0001, 0.002, 0.05, 1.5, 3.9, 60.0])
def test_dates_below_a_chart_do_not_lie_on_one_another(page: Any, days: float) -> None:
    marks = [Mark(at * 86_400, 50.0, 40.0, 60.0, "", "") for at in (20_000.8, 20_000.8 + days)]
    style = asset("style.css").decode()
    page.set_content(f"<style>{style}</style><main>{trend(marks, 'a chart')}</main>")
    boxes = """[...document.querySelectorAll('.date')].map(each => each.getBoundingClientRect())
        .filter(box => box.width > 0).map(box => [box.left, box.right]).sort((one, other) => one[0] - other[0])"""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate(boxes)
        assert len(found) >= 2
        assert all(before < after for (_, before), (after, _) in pairwise(found)), (width, found)


def test_keys_forms_and_the_back_button_work(browser: Any, address: str) -> None:
    opened = browser.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    opened.goto(f"{address}/ui/runs")
    opened.keyboard.press("j")
    opened.keyboard.press("j")
    rows = "[...document.querySelectorAll('[data-row]')]"
    assert opened.evaluate(f"{rows}.indexOf(document.activeElement.closest('[data-row]'))") == 1
    opened.keyboard.press("/")
    assert opened.evaluate("document.activeElement.id") == "search"
    opened.select_option("#by-state", "stalled")
    opened.wait_for_url("**state=stalled**")
    assert opened.locator("[data-row]").count() == 1
    opened.go_back()
    opened.locator("[data-row]").nth(1).wait_for()
    opened.close()


def test_without_javascript_the_same_is_there(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    opened.goto(f"{address}/ui/runs")
    opened.select_option("#by-state", "stalled")
    opened.click("main form button")
    assert opened.locator("[data-row]").count() == 1
    opened.click("[data-row] a")
    assert opened.locator("h1").inner_text().startswith("stalled-")
    context.close()


def test_a_report_opens_from_disk_without_a_network_and_fits_paper(
    browser: Any, pages_store: Stored, configured: Settings, tmp_path: Path
) -> None:
    with pages_store.snapshot() as connection:
        newest = points_of_monitors(connection, ["alarming"], None, 1)["alarming"][0].rate.run_id
        report = gather(connection, configured, [newest], "alarming-week-1")
    file = tmp_path / "report.html"
    file.write_text(as_html(report, texts=True), encoding="utf-8")
    assert file.stat().st_size < LARGEST_REPORT
    context = browser.new_context(offline=True, viewport={"width": A4_WIDTH, "height": 1000})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    requested: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda sent: requested.append(sent.url))
    opened.on("console", lambda said: complaints.append(said.text))
    opened.goto(file.as_uri())
    opened.evaluate(axe.AXE_SCRIPT)
    assert opened.evaluate(AXE, RULES) == []
    opened.set_viewport_size({"width": 390, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    opened.set_viewport_size({"width": A4_WIDTH, "height": 1000})
    opened.emulate_media(media="print")
    KEPT.mkdir(parents=True, exist_ok=True)
    opened.screenshot(path=KEPT / "report-print.png", full_page=True)
    cut = "[...document.querySelectorAll('.scroll')].filter(each => each.scrollWidth > each.clientWidth).length"
    assert opened.evaluate(cut) == 0
    assert (requested, complaints) == ([file.as_uri()], [])
    context.close()


def test_the_readmes_picture(browser: Any, address: str) -> None:
    folder = os.environ.get("SEEP_SCREENSHOTS")
    for scheme in SCHEMES:
        context = browser.new_context(color_scheme=scheme, viewport={"width": 1120, "height": 760})
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        opened.goto(f"{address}/ui")
        assert "The leakage has changed" in opened.locator("h1").inner_text()
        KEPT.mkdir(parents=True, exist_ok=True)
        opened.screenshot(path=(Path(folder) if folder else KEPT) / f"monitors-{scheme}.png")
        context.close()


def _is_own(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:"))
