from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mprna.corpus.options import CorpusOptions
from mprna.errors import UsageError
from mprna.folding.vienna import EnergyModel


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slice_length": 49}, "slice length 49: expected at least the min length, 50"),
        ({"min_length": 0}, "min length 0"),
        ({"annotate_share": 1.5}, r"annotate share 1\.5: expected a number from 0 to 1"),
        ({"annotate_share": float("nan")}, "annotate share nan"),
        ({"max_ambiguous_rate": -0.1}, r"max ambiguous rate -0\.1"),
        ({"max_slices": 0}, "max slices 0"),
        ({"max_records": -1}, "max records -1"),
        ({"slices_per_shard": 0}, "slices per shard 0"),
        ({"seed": -1}, "seed -1"),
        ({"min_fidelity": 1.1}, r"min fidelity 1\.1"),
        (
            {"min_fidelity": 0.5, "energy_model": EnergyModel(temperature=20)},
            "min fidelity with turner2004 at 20 °C, but the calibration is for turner2004 at 37 °C",
        ),
        ({"only_species": ("A", "B"), "exclude_species": ("B",)}, "species B: kept and left out"),
    ],
)
def test_contradictions_are_usage_errors(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(CorpusOptions(), **change)


def test_json_is_plain_and_does_not_depend_on_the_order_of_species() -> None:
    first = CorpusOptions(exclude_species=("B", "A")).to_json()
    assert first == CorpusOptions(exclude_species=("A", "B")).to_json()
    assert json.loads(json.dumps(first)) == first
    assert first["energy_model"]["temperature"] == 37.0
