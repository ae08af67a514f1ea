"""What leaves the page and what comes back: files, links, history, colours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest

import mprna
from mprna.draw.colours import LETTER_FILLS
from mprna.io.formats import read_records
from mprna.rna.structure import pairs_from_dot_bracket

HAMMERHEAD = "GAUAAGUCUGUGCUAAGCACACUGAUGAGUCUCUGAAAUGAGACGAAACUUAUC"


def download(page: Any, format_name: str, folder: Path) -> Path:
    page.click("#export-button")
    with page.expect_download() as found:
        page.click(f"#export-menu [data-format={format_name}]")
    file = folder / found.value.suggested_filename
    found.value.save_as(file)
    return file


@pytest.mark.parametrize("format_name", ["dbn", "vienna", "ct", "bpseq", "tsv", "jsonl"])
def test_exported_file_reads_back(visitor: Any, tmp_path: Path, format_name: str) -> None:
    page = visitor.open_folded(f"#seq={HAMMERHEAD}&name=hammerhead")
    file = download(page, format_name, tmp_path)
    expected = mprna.fold(HAMMERHEAD)
    (record,) = read_records(file, format_name=format_name)
    assert "hammerhead" in file.name
    assert record.sequence == HAMMERHEAD
    found, pairs = (pairs_from_dot_bracket(r.dot_bracket) for r in (record, expected))
    assert np.array_equal(found, pairs)


def test_exported_pictures(visitor: Any, tmp_path: Path) -> None:
    page = visitor.open_folded(f"#seq={HAMMERHEAD}&name=hammerhead")
    assert download(page, "svg", tmp_path).read_text().startswith("<svg")
    assert download(page, "png", tmp_path).read_bytes().startswith(b"\x89PNG\r\n")


def test_export_menu_by_keyboard(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={HAMMERHEAD}")
    page.focus("#export-button")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.format") == "png"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "export-button"
    assert page.is_hidden("#export-menu")


def test_permalink_brings_everything_back(visit: Any) -> None:
    first = visit().open()
    first.fill("#sequence-input", f">mine\n{HAMMERHEAD}")
    first.click("#fold")
    first.wait_for_selector(".drawing .base")
    first.check("input[name=engine][value=model]", force=True)
    first.wait_for_selector("#record-facts:has-text('model')")
    first.click("#panel [data-base='1'] circle")
    first.click(".letters [data-letter=C]")
    first.wait_for_selector("#changes:has-text('A2C')")
    first.click("#tab-arcs")
    first.select_option("#colouring", "letter")
    first.wait_for_function("() => location.hash.includes('letter')")
    state = "[...document.querySelectorAll('#strip .column')].map(n => n.textContent).join('')"
    link, shown = first.url, first.evaluate(state)
    assert parse_qs(urlsplit(link).fragment)["changes"] == ["A2C"]
    assert urlsplit(link).query == ""

    second = visit().open_folded(f"#{urlsplit(link).fragment}")
    second.wait_for_selector("#changes:has-text('A2C')")
    assert second.evaluate(state) == shown
    assert second.text_content("#record-name") == "mine_A2C"
    assert second.get_attribute("#tab-arcs", "aria-selected") == "true"
    assert second.input_value("#colouring") == "letter"
    assert second.is_checked("input[name=engine][value=model]")


def test_nonsense_in_a_link_is_left_out(visitor: Any) -> None:
    page = visitor.open_folded("#seq=GGGGAAAACCCC&engine=magic&view=none&colour=7&changes=X99A,zz&min=9")
    assert page.is_hidden("#changes")
    assert page.is_checked("input[name=engine][value=hybrid]")
    assert page.get_attribute("#tab-drawing", "aria-selected") == "true"


def test_markup_in_names_stays_text(visitor: Any) -> None:
    page = visitor.open()
    page.fill("#sequence-input", "><img/src=x/onerror=alert(1)>\nGGGGAAAACCCC")
    page.click("#fold")
    page.wait_for_selector(".drawing .base")
    assert page.text_content("#record-name") == "<img/src=x/onerror=alert(1)>"
    assert page.locator("main img").count() == 0


def test_history_survives_a_reload_and_can_be_cleared(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={HAMMERHEAD}&name=mine")
    visitor.open()
    page.reload()
    page.click("#open-history")
    page.click("#history-list button:has-text('mine')")
    page.wait_for_selector("#record-name:text-is('mine')")
    page.click("#open-history")
    page.click("#clear-history")
    page.wait_for_selector("#history-list:has-text('Nothing yet')")
    assert json.loads(page.evaluate("localStorage.getItem('mprna-history')")) == []


def test_dark_by_system_and_by_switch(visit: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page = visit(color_scheme="dark").open()
    dark = page.evaluate(ground)
    page.emulate_media(color_scheme="light")
    assert page.evaluate(ground) != dark
    page.click("#switch-theme")
    page.click("#switch-theme")
    assert page.evaluate(ground) == dark
    page.reload()
    assert page.evaluate(ground) == dark


def test_changes_in_a_link_are_those_of_its_sequence(visitor: Any) -> None:
    page = visitor.open_folded("#seq=GGGGAAAACCCC&changes=A1C,G2G,G3A,G3U,G4C,Z9A&min=1&view=constructor")
    page.wait_for_selector("#changes")
    assert page.locator("#changes .chip").all_text_contents() == ["G3U✕", "G4C✕"]
    assert page.text_content("#min-confidence-value") == "0"
    assert page.get_attribute("#tab-drawing", "aria-selected") == "true"


def test_the_skip_link_leaves_the_address_alone(visitor: Any) -> None:
    page = visitor.open_folded("#seq=GGGGAAAACCCC")
    page.focus(".skip-link")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "result"
    assert "seq=GGGGAAAACCCC" in page.url


def shown(page: Any) -> tuple[str, str]:
    """The name of what is shown, and in which view."""
    return page.text_content("#record-name"), page.text_content("#tabs [aria-selected=true]")


def go_back(page: Any, name: str, view: str) -> None:
    page.evaluate("history.back()")
    page.wait_for_selector(f"#record-name:text-is('{name}')")
    page.wait_for_selector(f"#tabs [aria-selected=true]:text-is('{view}')")


def test_back_returns_to_views_changes_and_results(visitor: Any) -> None:
    page = visitor.open()
    for name in ("one", "two"):
        page.fill("#sequence-input", f">{name}\n{HAMMERHEAD}")
        page.click("#fold")
        page.wait_for_function(f"() => location.hash.includes('name={name}')")
    folds: list[str] = []
    page.on("request", lambda request: folds.append(request.url) if "/api/fold" in request.url else None)
    page.click("#tab-arcs")
    page.wait_for_function("() => location.hash.includes('arcs')")
    page.select_option("#colouring", "letter")
    page.wait_for_function("() => location.hash.includes('letter')")
    page.click("#panel [data-base='1']")
    page.click(".letters [data-letter=C]")
    page.wait_for_function("() => location.hash.includes('A2C')")
    go_back(page, "two", "Arcs")
    assert page.is_hidden("#changes")
    go_back(page, "two", "Drawing")
    assert len(folds) == 1
    go_back(page, "one", "Drawing")
    page.evaluate("history.back()")
    page.wait_for_selector("#welcome:visible")
    assert page.title() == "MP-RNA"
    page.evaluate("history.go(4)")
    page.wait_for_selector("#changes:has-text('A2C')")
    assert shown(page) == ("two_A2C", "Arcs")
    assert page.input_value("#colouring") == "letter"


LATE = """addEventListener("hashchange", (event) => {
  event.stopImmediatePropagation();
  setTimeout(() => dispatchEvent(new Event("hashchange")), 400);
}, { once: true })"""


def test_a_step_back_is_not_written_over_before_its_event_has_come(visitor: Any) -> None:
    visitor.page.add_init_script(LATE)
    page = visitor.open_folded(f"#seq={HAMMERHEAD}&name=one")
    page.wait_for_function("() => history.state")  # the step is written
    page.click("#tab-arcs")
    page.wait_for_function("() => location.hash.includes('arcs')")
    page.evaluate("""() => {
      const select = document.querySelector("#colouring");
      select.value = "letter";
      select.dispatchEvent(new Event("change", { bubbles: true }));
      history.back();
    }""")
    page.wait_for_selector("#tabs [aria-selected=true]:text-is('Drawing')")
    assert "arcs" not in page.url


def test_back_from_what_is_being_folded_and_from_what_could_not_be(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={HAMMERHEAD}&name=one")
    page.route("**/api/fold", lambda route: None)  # never answered
    page.fill("#sequence-input", ">two\nGGGGAAAACCCC")
    page.click("#fold")
    page.wait_for_function("() => location.hash.includes('name=two')")
    page.unroute("**/api/fold")
    go_back(page, "one", "Drawing")
    page.fill("#sequence-input", ">three\nMKVL")
    page.click("#fold")
    page.wait_for_selector("#input-message:has-text('three')")
    page.wait_for_function("() => location.hash.includes('name=three')")
    go_back(page, "one", "Drawing")
    assert page.is_hidden("#input-message")


def test_back_closes_what_lies_above_the_page(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={HAMMERHEAD}&name=one")
    page.wait_for_function("() => history.state !== null")  # a step of its own
    page.click("#tab-arcs")
    page.wait_for_function("() => location.hash.includes('arcs')")
    page.click("#open-help")
    go_back(page, "one", "Drawing")
    assert page.is_hidden("#help-dialog")


def test_a_view_that_this_server_lacks_is_no_trap(visitor: Any) -> None:
    paths = json.dumps({"paths": {"/api/fold": {}}})
    visitor.page.route("**/api/openapi.json", lambda route: route.fulfill(body=paths))
    page = visitor.open_folded(f"#seq={HAMMERHEAD}&view=variants")
    page.wait_for_function("() => !location.hash.includes('variants')")
    assert page.evaluate("history.length") == 2  # with the empty page of a new browser


def test_a_reload_keeps_all_records_and_the_one_that_is_shown(visitor: Any) -> None:
    page = visitor.open()
    page.fill("#sequence-input", f">a\n{HAMMERHEAD}\n>b\nGGGGAAAACCCC\n>c\nGGGGGAAAACCCCC")
    page.click("#fold")
    page.wait_for_function("() => location.hash.includes('name=a')")
    page.click("#record-list button:has-text('b'):not(:disabled)")
    page.wait_for_function("() => location.hash.includes('name=b')")
    page.reload()
    page.wait_for_selector("#record-name:text-is('b')")
    page.wait_for_function(
        "() => document.querySelectorAll('#record-list button:not(:disabled)').length === 3"
    )
    assert page.text_content("#record-list [aria-current]").startswith("b")
    assert page.input_value("#sequence-input").count(">") == 3
    go_back(page, "a", "Drawing")
    assert page.locator("#record-list button").count() == 3


def test_a_picture_has_the_colours_of_letters(visitor: Any, tmp_path: Path) -> None:
    page = visitor.open_folded(f"#seq={HAMMERHEAD}&name=hammerhead&colour=letter")
    picture = download(page, "svg", tmp_path).read_text()
    assert LETTER_FILLS["A"] in picture
    assert "probability" not in picture


def test_a_picture_says_what_its_colours_are(visitor: Any, tmp_path: Path) -> None:
    page = visitor.open_folded(f"#seq={HAMMERHEAD}&colour=pair")
    by_pairing = download(page, "svg", tmp_path).read_text()
    page.select_option("#colouring", "state")
    by_state = download(page, "svg", tmp_path).read_text()
    assert "probability of being paired" in by_pairing
    assert "probability of what is drawn" in by_state


def test_a_link_does_not_promise_relatives(visitor: Any) -> None:
    page = visitor.open()
    page.evaluate("navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }")
    page.click("#more-options summary")
    page.check("#relatives")
    page.fill("#sequence-input", f">one\n{HAMMERHEAD}\n>two\n{HAMMERHEAD}A")
    page.click("#fold")
    page.wait_for_function("() => location.hash.includes('relatives=1')")
    page.wait_for_selector("#report:visible")
    page.click("#copy-link")
    page.wait_for_selector("#toast:has-text('this record only, without its relatives')")
    fields = parse_qs(urlsplit(page.evaluate("copied")).fragment)
    assert fields == {"seq": [HAMMERHEAD], "name": ["one"]}


def test_a_long_name_of_emoji_folds(visitor: Any) -> None:
    name = "a" + 250 * "\N{DNA DOUBLE HELIX}"
    page = visitor.open_folded(f"#{urlencode({'seq': HAMMERHEAD, 'name': name})}")
    page.wait_for_selector(f"#record-name:text-is('{name[:200]}')")
