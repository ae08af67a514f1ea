"""What is no sequence is told before anything is computed, and a missing one costs its own row only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mprna
from mprna.design.constraints import Constraints
from mprna.draw.svg import draw_structure
from mprna.errors import StructureError, UsageError
from mprna.io.records import Record
from mprna.predict.degrade import degrade_records
from mprna.predict.design import DesignOptions
from mprna.predict.embed import embed_records
from mprna.predict.fold import fold_records
from mprna.predict.options import FoldOptions
from mprna.predict.repair import repair_records

Seq = pytest.importorskip("Bio.Seq").Seq
HAIRPIN = "GGGGAAAACCCC"
NONSENSE = [HAIRPIN.encode(), bytearray(b"ACGU"), {"a": HAIRPIN}, Path("rnas.fa"), Seq(HAIRPIN), None, 7]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("function", [mprna.fold, mprna.embed])
def test_what_holds_no_sequences_is_told(function: Callable[[Any], Any], nonsense: Any) -> None:
    with pytest.raises(UsageError, match="a sequence is a str or Record, not "):
        function(nonsense)


def fold_by_energy(records: Iterable[Record]) -> Iterator[Record]:
    relatives = (Path(__file__).parents[2] / "examples/rnas.fa",)
    return fold_records(records, FoldOptions(engine="vienna", relatives=relatives))


@pytest.mark.parametrize(
    "verb", [fold_by_energy, embed_records, degrade_records, repair_records], ids=lambda verb: verb.__name__
)
def test_a_missing_sequence_has_its_reason(verb: Callable[[Iterable[Record]], Iterator[Any]]) -> None:
    texts: list[Any] = [HAIRPIN, None, float("nan"), HAIRPIN]
    reasons = [one.error for one in verb([Record(name="x", sequence=text) for text in texts])]
    assert reasons == [
        None, "the sequence is None, expected text", "the sequence is nan, expected text", None,
    ]  # fmt: skip


def test_pair_probabilities_of_another_rna_are_not_drawn() -> None:
    record = mprna.fold(HAIRPIN, FoldOptions(engine="vienna", pair_probs=True))
    with pytest.raises(StructureError, match=r"pair probabilities \(12, 12\) for 5 nt"):
        draw_structure(
            Record(name="x", sequence="GAAAC", dot_bracket="(...)", base_pair_probs=record.base_pair_probs)
        )


def test_one_text_is_no_tuple() -> None:
    with pytest.raises(UsageError, match="forbidden 'GGGG'; expected a tuple of motifs"):
        Constraints(forbidden="GGGG")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="unlike 'GGGG'; expected a tuple of sequences"):
        DesignOptions(unlike="GGGG")  # type: ignore[arg-type]
