"""Names of models where an optional dependency is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mprna.bench.models import registry
from mprna.bench.models.registry import ModelOptions, make_model
from mprna.bench.suite import choose_tasks
from mprna.errors import MissingExtraError


@pytest.mark.parametrize(
    "name",
    [
        "cnn",
        "mini:head",
        "mini:lora",
        "mini:full",
        "mini:scratch",
        "mini:pairs",
        "mini:scratch-pairs",
        "hf:{}",
    ],
)
def test_what_needs_torch_says_so(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda module: None)
    (task,) = choose_tasks("rgb", ("ssp-archive2",))
    with pytest.raises(MissingExtraError, match=r"pip install 'mprna\[bench\]'"):
        make_model(name.format(tmp_path), task, ModelOptions())
