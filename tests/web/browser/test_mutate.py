"""A base is changed by click and by key, and the RNA folds anew."""

from __future__ import annotations

from typing import Any

import mprna

SEQUENCE = "GGGGCCAAAAGGCCCC"
MUTANT = "GGGGACAAAAGGCCCC"  # C5A


def test_click_changes_a_base_and_back(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={SEQUENCE}")
    page.click("#panel [data-base='4'] circle")
    page.click(".letters [data-letter=A]")
    visitor.wait_for_strip("b", MUTANT)
    expected = mprna.fold(MUTANT)
    assert visitor.strip() == (MUTANT, expected.dot_bracket)
    assert f"{expected.energy:.2f}".replace("-", "−") in page.text_content("#record-facts")
    assert page.locator("#panel .base.changed").count() == 1
    page.click("#changes button:has-text('C5A')")
    visitor.wait_for_strip("b", SEQUENCE)
    assert page.is_hidden("#changes")


def test_keys_move_change_and_speak(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={SEQUENCE}")
    page.focus(".stage")
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("#live:has-text('C5, paired with G12')")
    page.keyboard.press("a")
    visitor.wait_for_strip("b", MUTANT)
    assert page.evaluate("document.activeElement.className") == "stage"
    page.keyboard.press("Escape")
    page.wait_for_selector(".inspector:has-text('Click a base')")


def test_before_the_change_stands_in_the_comparison(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={SEQUENCE}&changes=C5A&view=compare")
    page.wait_for_selector(".compared:has-text('Before the changes')")
    visitor.wait_for_strip("b", MUTANT)


def test_change_keeps_case_and_t(visitor: Any) -> None:
    page = visitor.open_folded("#seq=ggggttttcccc")
    page.click("#panel [data-base='0'] circle")
    page.click(".letters [data-letter=U]")
    visitor.wait_for_strip("b", "tgggttttcccc")
