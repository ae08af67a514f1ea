"""Every change counts, also while another is folded; an option that fails or is stopped is taken back."""

from __future__ import annotations

from typing import Any

import mprna

SEQUENCE = "GGGGCCAAAAGGCCCC"
SAM = "CUCUUAUCAAGAGAGGUGGAGGGACUGGCCCGAUGAAACCCGGCAACCAGCCUUAGGGCAUGGUGCCAAUUCCUGCAGCGGUUUCGCGUUGAAAGAUGAGAG"
MODEL = mprna.FoldOptions(engine="model")
CHOOSE_MODEL = "input[name=engine][value=model]"


def energy_text(energy: Any) -> str:
    return f"{energy:.2f}".replace("-", "−")


def hold(page: Any) -> None:
    """Folds are asked for and not answered, until `page.unroute`."""
    page.route("**/api/fold", lambda route: None)


def wait_for_focus(page: Any, selector: str) -> None:
    page.wait_for_function("selector => document.activeElement.matches(selector)", arg=selector)


def test_changes_count_that_come_before_the_last_is_folded(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={SEQUENCE}")
    page.focus(".stage")
    page.keyboard.press("Home")
    hold(page)
    for key in ("a", "ArrowRight", "A"):
        page.keyboard.press(key)
    page.unroute("**/api/fold")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("a")
    visitor.wait_for_strip("b", f"AAA{SEQUENCE[3:]}")
    hold(page)
    page.click("#changes button:has-text('G1A')")
    page.unroute("**/api/fold")
    page.click("#changes button:has-text('G3A')")
    visitor.wait_for_strip("b", f"GA{SEQUENCE[2:]}")


def test_changes_while_another_engine_folds_are_compared_with_that_engine(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={SAM}")
    hold(page)
    page.click("#strip [data-base='0']")
    page.click(".letters [data-letter=A]")
    page.check(CHOOSE_MODEL, force=True)
    page.wait_for_selector("#engine-note:has-text('network alone')")
    page.unroute("**/api/fold")
    page.click("#strip [data-base='1']")
    page.click(".letters [data-letter=A]")
    visitor.wait_for_strip("b", f"AA{SAM[2:]}")
    energies: list[Any] = [mprna.fold(sequence, MODEL).energy for sequence in (SAM, f"AA{SAM[2:]}")]
    before, after = energies
    assert f"{abs(after - before):.2f} kcal/mol" in page.text_content("#changes .effect")
    page.wait_for_selector("#live:has-text('Folded again.')", state="attached")
    page.click("#changes button:has-text('Back to the original')")
    page.wait_for_selector(f"#record-facts:has-text('{energy_text(before)}'):has-text('model alone')")


def test_an_option_whose_fold_is_stopped_is_taken_back(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={SEQUENCE}")
    hold(page)
    page.check(CHOOSE_MODEL, force=True)
    page.click("#stop")
    page.wait_for_selector("input[name=engine][value=hybrid]:checked", state="attached")
    wait_for_focus(page, "#fold")
    page.click("#tab-arcs")
    page.wait_for_function("() => location.hash.includes('arcs')")
    assert "engine" not in page.url


def test_a_constraint_that_fails_stays_in_its_field_only(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={SEQUENCE}")
    page.click("#more-options summary")
    page.fill("#constraint", "((")
    page.dispatch_event("#constraint", "change")
    page.wait_for_selector("#input-message:has-text('constraint')")
    page.wait_for_selector("body:not(.busy)")
    page.click("#tab-arcs")
    page.wait_for_function("() => location.hash.includes('arcs')")
    assert "constraint" not in page.url
    assert page.input_value("#constraint") == "(("


def test_focus_stays_where_changes_are_taken_back(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={SEQUENCE}&changes=G1A,G2A,G3A")
    page.focus("#changes button:has-text('G1A')")
    page.keyboard.press("Enter")
    wait_for_focus(page, "[aria-label='Take back G2A']")
    page.focus("#changes button:has-text('Back to the original')")
    page.keyboard.press("Enter")
    wait_for_focus(page, ".stage")


def test_focus_stays_on_the_record_that_is_chosen(visitor: Any) -> None:
    page = visitor.open()
    page.fill("#sequence-input", f">one\n{SEQUENCE}\n>two\nGGGGAAAACCCC")
    page.click("#fold")
    page.focus("#record-list button:not(:disabled):has-text('two')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#record-name:text-is('two')")
    wait_for_focus(page, ".record[aria-current=true]")


def test_the_key_to_the_partner_works_in_capitals(visitor: Any) -> None:
    page = visitor.open_folded("#seq=GGGGAAAACCCC")
    page.focus(".stage")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+P")
    page.wait_for_selector("#live:has-text('C12, paired with G1')", state="attached")
