from __future__ import annotations

import sqlite3
from pathlib import Path

from mprna.corpus.annotate import Annotation, annotate
from mprna.corpus.annotator import Annotator
from mprna.corpus.cache import CACHE_NAME
from mprna.corpus.isolation import FoldFailure
from mprna.corpus.options import CorpusOptions
from mprna.errors import FoldingError
from mprna.folding.vienna import EnergyModel

HAIRPIN = "GGGGAAAACCCC"


def one(annotator: Annotator, sequence: str) -> Annotation | FoldFailure:
    [found] = annotator([sequence])
    return found


def refuse(sequence: str, energy_model: EnergyModel) -> Annotation:
    raise FoldingError("no fold")


def test_nothing_is_folded_twice(tmp_path: Path) -> None:
    with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator:
        first = one(annotator, HAIRPIN)
    with Annotator(CorpusOptions(slice_length=100), cache_dir=tmp_path, fold=refuse) as annotator:
        assert one(annotator, HAIRPIN) == first == annotate(HAIRPIN, EnergyModel())
        assert one(annotator, "GGGAAAACCC") is FoldFailure.NO_FOLD


def test_failures_are_not_kept(tmp_path: Path) -> None:
    with Annotator(CorpusOptions(), cache_dir=tmp_path, fold=refuse) as annotator:
        assert one(annotator, HAIRPIN) is FoldFailure.NO_FOLD
    with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator:
        assert one(annotator, HAIRPIN) == annotate(HAIRPIN, EnergyModel())


def test_corrupt_entry_is_folded_again(tmp_path: Path) -> None:
    with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator:
        one(annotator, HAIRPIN)
        database = sqlite3.connect(tmp_path / CACHE_NAME, isolation_level=None)
        database.execute("UPDATE annotations SET labels = replace(labels, '(', '.')")
        database.close()
        assert one(annotator, HAIRPIN) == annotate(HAIRPIN, EnergyModel())


def test_the_energy_model_and_limits_of_the_options_are_used(tmp_path: Path) -> None:
    hot = EnergyModel(temperature=80.0)
    with Annotator(CorpusOptions(energy_model=hot)) as annotator:
        assert one(annotator, HAIRPIN) == annotate(HAIRPIN, hot)
    with Annotator(CorpusOptions(fold_timeout=0.001)) as annotator:
        assert one(annotator, HAIRPIN * 200) is FoldFailure.TIMEOUT


def test_known_and_new_sequences_keep_their_order(tmp_path: Path) -> None:
    sequences = [f"GGGG{'A' * n}CCCC" for n in range(3, 9)]
    with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator:
        list(annotator(sequences[::2]))
        found = list(annotator(sequences))
    assert found == [annotate(sequence, EnergyModel()) for sequence in sequences]
