"""Torch without memory is told as other engines without memory are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mprna.io.records import Record
from mprna.predict.folder import Folder
from mprna.predict.options import FoldOptions
from mprna.runtime.torch import no_memory


def greedy(*args: object) -> None:
    torch.empty(2**58, dtype=torch.uint8)


def test_a_record_without_memory_has_its_reason_and_the_next_one_is_folded(
    nano_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(FoldOptions(engine="model", model=str(nano_model), backend="torch"))
    with monkeypatch.context() as patch:
        patch.setattr("mprna.model.network.MprnaModel.forward", greedy)
        failed = folder(Record(name="a", sequence="GGGAAACCC"))
    assert failed.error == "not enough memory for 9 nt"
    assert folder(Record(name="b", sequence="GGGAAACCC")).error is None


def test_other_errors_of_torch_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shape"), no_memory():
        torch.ones(2, 3) @ torch.ones(2, 3)
