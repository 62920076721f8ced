"""Every page in a real browser, light and dark, wide and on a phone: accessible, quiet, no wider than the screen.

Screenshots are kept in .seep/screenshots. `SEEP_SCREENSHOTS=docs/images` writes those of the README anew.
"""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seep.runtime.http_server import http_server
from seep.settings import Settings
from services.api.application import application
from tests import seeded
from tests.services.api.ui.pages import PATHS
from tests.stored import Stored

pytestmark = pytest.mark.slow
playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
KEPT = Path(".seep/screenshots")
# A busy machine draws slowly; nothing here is about speed.
PATIENCE_MS = 120_000
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
    thread.join(timeout=30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's own Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("no chromium is on the PATH: apt-get install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=[f"{scheme}-{width}" for scheme in SCHEMES for width in WIDTHS])
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page of a browser as somebody has it; it fails for whatever the console complains of."""
    scheme, _, width = request.param.partition("-")
    context = browser.new_context(color_scheme=scheme, viewport={"width": int(width), "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    opened.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
    opened.on("request", lambda sent: complaints.append(sent.url) if not _is_own(sent.url) else None)
    opened.seep_name = request.param
    yield opened
    context.close()
    assert complaints == []


def test_every_page_is_accessible_and_no_wider_than_the_screen(page: Any, address: str) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    found = []
    for name, path in PATHS.items():
        if name == "progress-part":
            continue
        page.goto(address + path)
        page.screenshot(path=KEPT / f"{name}-{page.seep_name}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{name}: wider than the screen by {wide} px"] if wide > 0 else []
        answer = axe.Axe().run(page, options={"runOnly": RULES}).response
        found += [f"{name}: {each['id']} at {each['nodes'][0]['target']}" for each in answer["violations"]]
    assert found == []


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
