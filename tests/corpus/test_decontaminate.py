from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from mprna.corpus.decontaminate import Unwanted
from mprna.errors import CorpusError, FormatError
from mprna.rna.kmers import WORD

COMPLEMENT = str.maketrans("ACGU", "UGCA")


def random_rna(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices("ACGU", k=length))


def words(sequence: str) -> list[str]:
    return [w for i in range(len(sequence) - WORD + 1) if "N" not in (w := sequence[i : i + WORD])]


@pytest.fixture
def benchmark(tmp_path: Path) -> dict[str, Path]:
    """One file with the keys of RGB, one FASTA in DNA letters."""
    rgb, fasta = tmp_path / "test.jsonl.gz", tmp_path / "ids.fa"
    rows = [{"seq": random_rna(i, 80), "label": "." * 80} for i in range(4)]
    rgb.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    fasta.write_text(f">x\n{random_rna(9, 100).replace('U', 'T').lower()}\n>short\nACGT\n")
    return {"test.jsonl.gz": rgb, "ids.fa": fasta}


def test_share_equals_a_count_of_words(benchmark: dict[str, Path]) -> None:
    unwanted = [*(random_rna(i, 80) for i in range(4)), random_rna(9, 100)]
    both = {w for s in unwanted for strand in (s, s.translate(COMPLEMENT)[::-1]) for w in words(strand)}
    slices = [
        random_rna(1, 80),
        random_rna(2, 80).translate(COMPLEMENT)[::-1],
        random_rna(50, 60) + random_rna(9, 100)[20:70] + random_rna(51, 60),
        random_rna(3, 40) + "N" + random_rna(3, 80)[41:],
        random_rna(60, 200),
        random_rna(9, 100)[20:50] * 4 + random_rna(61, 60),
        "ACGU",
        "N" * 50,
    ]
    expected = [sum(w in both for w in set(words(s))) / max(1, len(set(words(s)))) for s in slices]
    assert expected[:2] == [1.0, 1.0]
    assert 0.1 < expected[2] < 0.5
    assert Unwanted(benchmark).shares(slices).tolist() == pytest.approx(expected)


def test_a_tail_that_both_have_is_one_word(tmp_path: Path) -> None:
    (tmp_path / "x.fa").write_text(f">x\n{random_rna(1, 60)}{'A' * 80}\n")
    (share,) = Unwanted({"x.fa": tmp_path / "x.fa"}).shares([random_rna(2, 60) + "A" * 200])
    assert share == pytest.approx(1 / 61)


def test_closest_file(benchmark: dict[str, Path]) -> None:
    unwanted = Unwanted(benchmark)
    assert unwanted.closest_file(random_rna(1, 80)) == "test.jsonl.gz"
    assert unwanted.closest_file(random_rna(1, 80)[:40] + random_rna(9, 100)) == "ids.fa"


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", FormatError, "no records in this file"),
        (">x\nACGU\n", CorpusError, r"x\.fa: no sequence of 14 nt or more"),
        (">x\nMKVLAAGHWEMKVLAAGHWE\n", FormatError, "record 'x': letter 'L' at position 4 is no nucleotide"),
        (">x\n", FormatError, "record 'x': empty sequence"),
    ],
)
def test_file_that_excludes_nothing(tmp_path: Path, text: str, error: type[Exception], message: str) -> None:
    (tmp_path / "x.fa").write_text(text)
    with pytest.raises(error, match=message):
        Unwanted({"x.fa": tmp_path / "x.fa"})
