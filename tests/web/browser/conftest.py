"""A real Chromium on the real service of `tests/web`; a fresh browser profile for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder is a browser test."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium; its tests are skipped where there is none.

    Not for the whole session: while playwright is open, `asyncio.run` of other tests would fail.
    """
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        yield chromium
        chromium.close()


class Visitor:
    """Someone with a browser of their own, who notes what goes wrong."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.address = address
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._note_console)
        self.page.on("request", self._note_request)

    def open(self, fragment: str = "") -> Any:
        """The page, ready for use."""
        self.page.goto(f"{self.address}/{fragment}")
        self.page.wait_for_selector("#examples button", state="attached")
        return self.page

    def open_folded(self, fragment: str) -> Any:
        """The page of a permalink."""
        page = self.open(fragment)
        page.wait_for_selector("#report:not([hidden])")
        return page

    def strip(self) -> tuple[str, str]:
        """Sequence and dot-bracket above the views."""
        columns = self.page.locator("#strip .column")
        letters, symbols = (columns.locator(tag).all_text_contents() for tag in ("b", "i"))
        return "".join(letters), "".join(symbols)

    def wait_for_strip(self, tag: str, text: str) -> None:
        """Until the letters (`b`) or the symbols (`i`) are these."""
        read = "[...document.querySelectorAll(`#strip .column ${tag}`)].map(n => n.textContent).join('')"
        self.page.wait_for_function(f"([tag, text]) => {read} === text", arg=[tag, text])

    def _note_console(self, message: Any) -> None:
        # A refused request is logged by Chromium itself; what the page makes of it is tested.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.troubles.append(message.text)

    def _note_request(self, request: Any) -> None:
        if not request.url.startswith((self.address, "blob:", "data:")):
            self.troubles.append(f"asked {request.url}")


@pytest.fixture
def visit(browser: Any, server: Any) -> Iterator[Any]:
    """Makes visitors; fails the test if the page logged an error or asked any other server."""
    visitors: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        visitors.append(Visitor(browser, server.url.rstrip("/"), **options))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.context.close()
    assert [visitor.troubles for visitor in visitors if visitor.troubles] == []


@pytest.fixture
def visitor(visit: Any) -> Visitor:
    """On a desktop."""
    made: Visitor = visit(viewport={"width": 1360, "height": 900}, accept_downloads=True)
    return made
