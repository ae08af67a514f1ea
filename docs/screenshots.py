"""Pictures of the page, with Chromium beside a running `mprna web`: `python docs/screenshots.py [URL]`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8765"
DESKTOP = {"viewport": {"width": 1180, "height": 930}}
PHONE = {"viewport": {"width": 390, "height": 800}, "device_scale_factor": 1.5, "color_scheme": "dark"}


def open_example(browser: Any, title: str, **options: Any) -> Any:
    """The page with one of its examples folded."""
    page = browser.new_context(reduced_motion="reduce", **options).new_page()
    page.goto(ADDRESS)
    page.click(f"#welcome-examples button:has-text('{title}')")
    page.wait_for_selector(".drawing .base")
    return page


def main() -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = open_example(browser, "tRNA", **DESKTOP)
        page.click("#panel [data-base='30'] circle")
        page.mouse.move(5, 5)
        page.screenshot(path=IMAGES / "page.png")

        page = open_example(browser, "SAM-I", viewport={"width": 1280, "height": 1180})
        page.click("#tab-compare")
        page.wait_for_selector(".compared:nth-child(3)")
        page.locator(".view").screenshot(path=IMAGES / "page_compare.png")

        page = open_example(browser, "SARS-CoV-2", **PHONE)
        page.wait_for_selector(".knot")
        page.locator(".view").evaluate("node => node.scrollIntoView()")
        page.screenshot(path=IMAGES / "page_phone.png")
        browser.close()


if __name__ == "__main__":
    main()
