"""Options say no to what cannot be meant."""

from __future__ import annotations

import pytest

from mprna.errors import UsageError
from mprna.predict.options import EnergyModel, FoldOptions


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"engine": "mfold"}, "engine 'mfold'; expected one of hybrid, model, vienna"),
        ({"decoder": "greedy"}, "decoder 'greedy'; expected one of nested, tokens"),
        ({"gamma": 0.0}, "gamma 0.0; expected 0.001 to 1000"),
        ({"gamma": float("nan")}, "gamma nan; expected 0.001 to 1000"),
        ({"weight": -1.0}, "weight -1.0; expected 0 to 100"),
        ({"weight": float("nan")}, "weight nan; expected 0 to 100"),
        ({"weight": float("inf")}, "weight inf; expected 0 to 100"),
        ({"gamma": float("inf")}, "gamma inf; expected 0.001 to 1000"),
        ({"decoder": "tokens"}, "decoder 'tokens': of the model engine alone; choose it too"),
        (
            {"gamma": 2.0, "engine": "vienna"},
            "gamma: the vienna engine has no decoder; choose hybrid or model",
        ),
        ({"weight": 0.5, "engine": "model"}, "weight: of the hybrid engine alone; choose it too"),
        ({"max_length": 0}, "max_length 0; expected 1 to 32767 nt"),
        ({"templates": "known.dbn"}, "templates 'known.dbn'; expected a tuple of files"),
        (
            {"templates": ("known.dbn",), "engine": "model", "decoder": "tokens"},
            "templates: decoder 'tokens' reads no pair probabilities; choose 'nested'",
        ),
        ({"templates": ("-",)}, "templates: expected files, not standard input"),
        ({"relatives": ("-",)}, "relatives: expected files, not standard input"),
        (
            {"relatives": ("known.fa",), "engine": "model", "decoder": "tokens"},
            "relatives: decoder 'tokens' reads no pair probabilities; choose 'nested'",
        ),
    ],
)
def test_values_out_of_range_are_told(values, message):
    with pytest.raises(UsageError) as error:
        FoldOptions(**values)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("options", "longest"),
    [
        (FoldOptions(), 4096),
        (FoldOptions(engine="vienna"), 8192),
        (FoldOptions(engine="model"), 32767),
        (FoldOptions(engine="model", decoder="tokens"), 4096),
        (FoldOptions(engine="model", max_length=99), 99),
    ],
)
def test_each_engine_has_a_longest_sequence(options, longest):
    assert options.longest(reads_windows=False) == longest


def test_a_pair_network_reads_windows_and_takes_more():
    assert FoldOptions().longest(reads_windows=True) == 32767
    assert FoldOptions(max_length=99).longest(reads_windows=True) == 99


def test_options_are_equal_by_value_and_hashable():
    one = FoldOptions(energy_model=EnergyModel(temperature=25.0))
    assert {one: 1}[FoldOptions(energy_model=EnergyModel(temperature=25.0))] == 1
