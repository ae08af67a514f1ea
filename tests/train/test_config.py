"""Recipes, and the settings that change them."""

from __future__ import annotations

import json

import pytest

from mprna.errors import UsageError
from mprna.train.config import TrainConfig, with_settings
from mprna.train.recipes import RECIPES, smoke


def test_a_config_without_weights_is_one_of_weights_of_one() -> None:
    """As written by version 0.1.0."""
    values = smoke().to_dict()
    del values["corpus_weights"]
    del values["objectives"]["min_confidence"]
    assert TrainConfig.from_dict(values) == smoke()


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_round_trip(name: str) -> None:
    config = RECIPES[name]()
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_settings_override_by_name_and_type() -> None:
    config = with_settings(smoke(), ["num_steps=7", "objectives.mask_rate=0.2", "bfloat16=true"])
    assert (config.num_steps, config.objectives.mask_rate, config.bfloat16) == (7, 0.2, True)


def test_one_objective_is_switched_on_at_least() -> None:
    with pytest.raises(UsageError, match="at least one needs a weight above 0"):
        with_settings(smoke(), [f"objectives.{name}=0" for name in smoke().objectives.weights])


def test_settings_do_not_depend_on_their_order() -> None:
    """Also where what stands between them would be none."""
    settings = [f"objectives.{name}={int(name == 'masked_lm')}" for name in smoke().objectives.weights]
    assert with_settings(smoke(), settings) == with_settings(smoke(), settings[::-1])


def test_settings_that_are_named_can_be_set() -> None:
    with pytest.raises(UsageError, match="no such setting; known are ") as error:
        with_settings(smoke(), ["corpus_weights=1"])
    assert "corpus_weights" not in str(error.value).partition("known are")[2]


def test_an_unknown_objective_is_told_as_it_was_written() -> None:
    with pytest.raises(UsageError, match=r"--set objectives\.nope: .* known are objectives\.") as error:
        with_settings(smoke(), ["objectives.nope=1"])
    assert "NAME" not in str(error.value)


@pytest.mark.parametrize(
    "setting", ["num_steps", "nothing=1", "num_steps=many", "objectives.x=1", "objectives=1", "bfloat16=2"]
)
def test_bad_settings_are_usage_errors(setting: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        with_settings(smoke(), [setting])


@pytest.mark.parametrize(
    "setting",
    [
        "num_steps=0",
        "evaluate_every=0",
        "seed=-1",
        "beta2=1",
        "learning_rate=nan",
        "objectives.mask_rate=1.1",
        "objectives.masked_lm=inf",
        "preset=large",
    ],
)
def test_settings_that_no_run_can_have_are_refused(setting: str) -> None:
    with pytest.raises(UsageError, match=f"^{setting}"):
        with_settings(smoke(), [setting])
