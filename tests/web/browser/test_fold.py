"""Folding: pasted, dropped, opened and from the examples; the numbers are those of Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mprna

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
HAIRPIN = "GGGGAAAACCCC"
SAM = "CUCUUAUCAAGAGAGGUGGAGGGACUGGCCCGAUGAAACCCGGCAACCAGCCUUAGGGCAUGGUGCCAAUUCCUGCAGCGGUUUCGCGUUGAAAGAUGAGAG"


def fold(page: Any, text: str) -> None:
    page.fill("#sequence-input", text)
    page.click("#fold")


def test_an_example_is_one_click_away(visitor: Any) -> None:
    page = visitor.open()
    page.click("#welcome-examples button:has-text('tRNA')")
    page.wait_for_selector(".drawing .base")
    assert page.locator(".drawing .base").count() == 76
    expected = mprna.fold(TRNA)
    assert visitor.strip() == (TRNA, expected.dot_bracket)
    facts = page.text_content("#record-facts")
    assert "76 nt" in facts
    assert f"{expected.energy:.2f}".replace("-", "−") in facts
    assert page.text_content("#dial text") == str(round(100 * expected.confidence))
    assert f"Expected F1 of the pairs: {expected.expected_f1:.2f}." in page.text_content("#confidence")


def test_lower_case_dna_folds_and_keeps_its_letters(visitor: Any) -> None:
    page = visitor.open()
    fold(page, ">x from a plasmid\nggggtttt\nCCCC\n")
    page.wait_for_selector(".drawing .base")
    assert visitor.strip() == ("ggggttttCCCC", "((((....))))")
    assert page.text_content("#record-name") == "x"


def test_engines_give_the_answers_of_python(visitor: Any) -> None:
    page = visitor.open()
    fold(page, SAM)
    page.wait_for_selector(".drawing .base")
    answers = set()
    for engine in ("model", "vienna", "hybrid"):
        page.check(f"input[name=engine][value={engine}]", force=True)
        expected = mprna.fold(SAM, mprna.FoldOptions(engine=engine)).dot_bracket
        visitor.wait_for_strip("i", expected)
        answers.add(expected)
    assert len(answers) == 3


def test_constraint_is_honoured(visitor: Any) -> None:
    page = visitor.open()
    page.click("#more-options summary")
    page.fill("#constraint", "xxxx................")
    fold(page, "GGGGAAAACCCCAAAAGGGG")
    page.wait_for_selector(".drawing .base")
    assert visitor.strip()[1] == "........((((....))))"


def test_dropped_file_with_several_records(visitor: Any) -> None:
    page = visitor.open()
    text = f">first\n{HAIRPIN}\n>bad\nGGGG7CCCC\n>third\nGGGGAAAAACCCC\n"
    page.evaluate(
        """text => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([text], "rnas.fa"));
          const how = { bubbles: true, cancelable: true, dataTransfer: transfer };
          document.body.dispatchEvent(new DragEvent("drop", how));
        }""",
        text,
    )
    page.wait_for_function(
        "() => document.querySelectorAll('#record-list button:not(:disabled)').length === 3"
    )
    assert page.locator("#record-list .failed").count() == 1
    page.click("#record-list button:has-text('third')")
    page.wait_for_function("() => document.querySelector('#record-name').textContent === 'third'")
    assert visitor.strip()[0] == "GGGGAAAAACCCC"
    page.click("#record-list button:has-text('bad')")
    page.wait_for_selector("#input-message:has-text('bad')")
    assert page.is_hidden("#report")


def test_records_that_are_relatives(visitor: Any, tmp_path: Path) -> None:
    page = visitor.open()
    page.click("#more-options summary")
    page.check("#relatives")
    family = {
        "one": "GGGACGUGGAAACACUUCGGUGAAACGACCC",
        "two": "GGAACGUGGAAACAUUUCGAUGAAACGUUCC",
        "three": "GCGACGUAGAAACACUUCGGUGAAACGUCGC",
    }
    file = tmp_path / "family.fa"
    file.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in family.items()))
    fold(page, file.read_text())
    page.wait_for_selector("#record-facts:has-text('closest relative')")
    assert "closest relative one" not in page.inner_text("#record-facts")
    options = mprna.FoldOptions(relatives=(file,))
    assert visitor.strip()[1] == mprna.fold(family["one"], options).dot_bracket
    page.reload()
    page.wait_for_selector("#record-facts:has-text('closest relative')")
    assert page.is_checked("#relatives")
    page.uncheck("#relatives")
    page.wait_for_selector("#record-facts:not(:has-text('closest relative'))")


def test_looking_at_a_record_does_not_stop_the_others(visitor: Any) -> None:
    page = visitor.open()
    text = "\n".join(f">r{n}\n{HAIRPIN}{'A' * n}" for n in range(30))
    page.fill("#sequence-input", text)
    page.click("#fold")
    page.wait_for_selector("#record-list button:not(:disabled):has-text('r1')")
    page.click("#record-list button:has-text('r1')")
    page.click("#panel [data-base='0'] circle")
    page.click(".letters [data-letter=A]")
    page.wait_for_function(
        "() => document.querySelectorAll('#record-list button:not(:disabled)').length === 30"
    )
    assert page.text_content("#record-name").startswith("r1")
    page.wait_for_selector("#changes button:has-text('G1A')")


def test_fold_again_keeps_what_was_changed(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={HAIRPIN}&changes=G1A&known=(((......)))")
    page.wait_for_selector("#changes button:has-text('G1A')")
    page.click("#fold")
    page.wait_for_selector("body:not(.busy)")
    page.wait_for_selector("#changes button:has-text('G1A')")
    page.click("#tab-compare")
    page.wait_for_selector(".compared:has-text('Known structure')")


def test_a_mutant_of_a_long_name_folds(visitor: Any) -> None:
    page = visitor.open_folded(f"#seq={HAIRPIN}&name={'n' * 250}")
    page.click("#panel [data-base='0'] circle")
    page.click(".letters [data-letter=A]")
    visitor.wait_for_strip("b", "A" + HAIRPIN[1:])
    assert page.text_content("#record-name").endswith("_G1A")


def test_opened_vienna_file_brings_its_structure(visitor: Any, tmp_path: Path) -> None:
    file = tmp_path / "own.dbn"
    file.write_text(f">own\n{HAIRPIN}\n(((......)))\n")
    page = visitor.open()
    page.set_input_files("#file-input", file)
    page.wait_for_selector(".drawing .base")
    page.click("#tab-compare")
    page.wait_for_selector(".compared:has-text('Yours')")
    assert page.input_value("#own-structure") == "(((......)))"


@pytest.mark.parametrize(("name", "content"), [("rnas.tsv", b"name\tsequence\n"), ("word", b"PK\0\0")])
def test_a_file_of_another_kind_is_a_message(visitor: Any, tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    page = visitor.open()
    page.set_input_files("#file-input", file)
    page.wait_for_selector(f"#input-message:has-text('{name}: this page reads FASTA')")


def test_bad_input_is_a_message_and_not_the_end(visitor: Any) -> None:
    page = visitor.open()
    for text, words in (
        ("", "Paste a sequence"),
        ("MKVLAAGIVGLLLAQPEQW", "sequence_1"),
        (">x\n", "x:"),
        (f"tRNA\t{HAIRPIN}", "Two words in a line"),
    ):
        fold(page, text)
        page.wait_for_selector(f"#input-message:has-text('{words}')")
        assert page.get_attribute("#sequence-input", "aria-invalid") == "true"
        assert page.is_hidden("#report")
    fold(page, HAIRPIN)
    page.wait_for_selector(".drawing .base")
    assert page.is_hidden("#input-message")


def test_a_structure_of_another_length_is_said_beside_the_fold(visitor: Any) -> None:
    page = visitor.open()
    fold(page, "GGGGAAAACCCC\n((((...))))")
    page.wait_for_selector("#input-message:has-text('11')")
    assert visitor.strip() == ("GGGGAAAACCCC", "((((....))))")


def test_too_long_is_said_in_words(visitor: Any) -> None:
    page = visitor.open()
    fold(page, "A" * 20_000)
    page.wait_for_selector("#input-message:has-text('up to')")


def test_a_slow_fold_can_be_stopped(visitor: Any) -> None:
    page = visitor.open()
    page.route("**/api/fold", lambda route: None)  # never answered
    fold(page, HAIRPIN)
    page.wait_for_selector("#waiting:text-is('Folding sequence_1, 12 nt…')")
    assert page.is_hidden("#welcome")
    page.click("#stop")
    page.wait_for_selector("#welcome:visible")
    assert page.is_hidden("#stop")
    assert page.is_hidden("#input-message")
    page.unroute("**/api/fold")
    fold(page, HAIRPIN)
    page.wait_for_selector(".drawing .base")


def test_server_that_went_away_is_said_in_words(visitor: Any) -> None:
    page = visitor.open()
    page.route("**/api/fold", lambda route: route.abort())
    fold(page, HAIRPIN)
    page.wait_for_selector("#input-message:has-text('does not answer')")


def test_dragged_text_is_no_file(visitor: Any) -> None:
    page = visitor.open()
    drag = """([type, what]) => {
      const transfer = new DataTransfer();
      if (what === "file") transfer.items.add(new File(["GGGG"], "rna.fa"));
      else transfer.setData("text/plain", what);
      const how = { bubbles: true, cancelable: true, dataTransfer: transfer };
      const goesOn = document.body.dispatchEvent(new DragEvent(type, how));
      return [goesOn, document.getElementById("drop").className];
    }"""
    assert page.evaluate(drag, ["dragenter", "text"])[1] == "drop"
    assert page.evaluate(drag, ["drop", "text"]) == [True, "drop"]
    assert page.evaluate(drag, ["dragenter", "file"])[1] == "drop over"


def test_first_record_that_fails_says_why_beside_the_list(visitor: Any) -> None:
    page = visitor.open()
    fold(page, f">bad\nGGGG7CCCC\n>{'n' * 90}\n{HAIRPIN}\n>third\n{HAIRPIN}")
    page.wait_for_selector("#waiting:has-text('bad: ')")
    page.wait_for_selector("#record-list button:not(:disabled):has-text('third')")
    assert page.is_hidden("#welcome")
    hidden = page.locator("#record-list").evaluate("list => list.scrollWidth - list.clientWidth")
    assert hidden == 0
