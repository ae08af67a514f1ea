"""For everyone: axe finds nothing serious, a phone needs no sideways scrolling, keys suffice."""

from __future__ import annotations

from typing import Any

import pytest

PREQ1 = "AGAGGUUCUAGCUACACCCUCUAUAAAAAACUAA"
KNOT = "(((((...[[[......)))))........]]]."
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
VIEWS = {
    "drawing": ".drawing .base",
    "arcs": ".arcs-above path",
    "dotplot": ".drawn rect",
    "compare": ".compared:nth-child(3)",
    "degradation": ".track .value",
}
"""Names, and what is there once the view is."""


def findings(page: Any, **options: Any) -> list[str]:
    """What axe calls serious or critical. What is inside a picture with a label is no content of its own."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    results = (
        axe.Axe()
        .run(page, context={"exclude": [["svg > *"]]}, options={"resultTypes": ["violations"], **options})
        .response["violations"]
    )
    return [
        f"{rule['id']}: {node['html'][:160]}"
        for rule in results
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def test_axe_finds_nothing_serious(visit: Any) -> None:
    visitor = visit(color_scheme="light", reduced_motion="reduce", bypass_csp=True)
    page = visitor.open()
    page.click("#open-help")
    assert findings(page) == []
    page.keyboard.press("Escape")
    page = visitor.open_folded(f"#seq={PREQ1}&own={KNOT}&pseudoknots=1&changes=A1G")
    for view, content in VIEWS.items():
        page.click(f"#tab-{view}")
        page.wait_for_selector(content)
        if view == "drawing":
            page.click("#strip [data-base='20']")
            page.click("#in-words summary")
            page.click("#export-button")
        assert findings(page) == [], view
        page.emulate_media(color_scheme="dark")
        assert findings(page, runOnly=["color-contrast"]) == [], f"{view}, dark"
        page.emulate_media(color_scheme="light")


def test_phone_needs_no_sideways_scrolling(visit: Any) -> None:
    visitor = visit(**PHONE)
    page = visitor.open()
    widths = [page.evaluate("document.documentElement.scrollWidth")]
    page = visitor.open_folded(f"#seq={PREQ1}&own={KNOT}&name={'long_name_' * 8}")
    for view, content in VIEWS.items():
        page.click(f"#tab-{view}")
        page.wait_for_selector(content)
        widths.append(page.evaluate("document.documentElement.scrollWidth"))
    assert widths == [360] * len(widths)


def test_whole_flow_by_keyboard(visitor: Any) -> None:
    page = visitor.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.focus("#sequence-input")
    page.keyboard.type("GGGGAAAACCCC")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#live:has-text('folded')", state="attached")
    page.focus("#tab-drawing")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-arcs"
    assert page.get_attribute("#panel", "aria-labelledby") == "tab-arcs"


def test_dialogs_close_by_a_click_beside_them_only(visitor: Any) -> None:
    page = visitor.open()
    page.click("#open-help")
    page.click("#help-dialog", position={"x": 4, "y": 4})
    heading = page.locator("#help-dialog h3").first.bounding_box()
    page.mouse.move(heading["x"] + 5, heading["y"] + 5)
    page.mouse.down()
    page.mouse.move(5, 5)
    page.mouse.up()
    assert page.is_visible("#help-dialog")
    page.mouse.click(5, 5)
    page.wait_for_selector("#help-dialog", state="hidden")


def test_what_is_chosen_shows_in_forced_colours(visit: Any) -> None:
    page = visit(forced_colors="active").open_folded(f"#seq={PREQ1}")
    for chosen, others in (
        ("#engines :checked + span", "#engines :not(:checked) + span"),
        ("#tab-drawing", "#tab-arcs"),
    ):
        grounds = [
            page.locator(node).first.evaluate("node => getComputedStyle(node).backgroundColor")
            for node in (chosen, others)
        ]
        assert grounds[0] != grounds[1]
