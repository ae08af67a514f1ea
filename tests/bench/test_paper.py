"""Figures 1 and 3 of the paper: what is drawn, and what is refused."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mprna.bench.models import registry
from mprna.bench.models.majority import Majority
from mprna.bench.paper import EXAMPLE, structure_figure, training_figure
from mprna.errors import DataError, StructureError, UsageError
from mprna.io.records import Record

KNOWN = Record(name="tar", sequence=EXAMPLE, dot_bracket="(((((...((((......))))..)))))")


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_structures_have_a_row_per_rna_and_a_column_per_model() -> None:
    other = Record(name="other", sequence="GGGGAAAACCCC", dot_bracket="((((....))))")
    figure = structure_figure([KNOWN, other], ["vienna", "majority"])
    titles = [ET.fromstring(svg).findtext("{*}title") for svg in figure.drawings]
    assert titles[0] == "tar, known"
    assert titles[2:] == [
        "majority: pair F1 0",
        "other, known",
        "vienna: pair F1 100",
        "majority: pair F1 0",
    ]
    assert len(ET.fromstring(figure.whole).findall("{*}svg")) == 6


def test_what_cannot_be_compared_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="no RNA with a known structure"):
        structure_figure([])
    with pytest.raises(StructureError, match="tar: no structure"):
        structure_figure([Record(name="tar", sequence=EXAMPLE)], ["majority"])
    with pytest.raises(UsageError, match="kmer does"):
        structure_figure([KNOWN], ["kmer"])

    class Failing(Majority):
        def __init__(self) -> None:
            super().__init__()
            self.num_failed = 1

    monkeypatch.setitem(registry.MODELS, "failing", lambda task, options: Failing())
    with pytest.raises(DataError, match="failing: no structure for 1 of 1"):
        structure_figure([KNOWN], ["failing"])


@pytest.mark.torch
def test_training_shows_the_run_s_own_objectives(tmp_path: Path) -> None:
    objectives = {"mask_rate": 0.2, "base_pairing": 0.0, "mutation_repair": 0.25}
    (tmp_path / "config.json").write_text(json.dumps({"train": {"objectives": objectives}}))
    losses = {"masked_lm_loss": 1.3, "mutation_repair_loss": 1.1, "secondary_structure_loss": 0.8}
    rows = [{"kind": "train", "step": step, "loss": 2.0, "tokens": 1e6, **losses} for step in (1, 2)]
    rows.append({"kind": "validation", "step": 2, "masked_lm_loss": 1.2})
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    figure = training_figure(tmp_path)
    assert figure.note.startswith("20% of the nucleotides are masked and 3% substituted")
    assert len(figure.drawings) == 4
    assert "mutation_repair (SNMR), weight 0.25" in texts(figure.drawings[0])
    assert not [text for text in texts(figure.whole) if "base_pairing" in text]
    assert "validation" in texts(figure.drawings[1])
    assert "validation" not in texts(figure.drawings[2])
