"""The mean of the weights of models that were trained from the same one (arXiv:2203.05482), as a model.

    python runs/mean_model.py MODEL... --out MODEL

One process per run needs no word from the others until the end, so N cores train on N times the tokens.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import torch
from torch import nn

from mprna.model.checkpoint import load_checkpoint, save_checkpoint

Module = TypeVar("Module", bound=nn.Module)


def mean_model(models: Sequence[Module]) -> Module:
    """The first of them, with the mean of all weights; they must have the same shapes."""
    states = [model.state_dict() for model in models]
    mean = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    models[0].load_state_dict(mean)
    return models[0]


def main() -> None:
    from mprna.runtime.export import export_model  # who takes the mean only needs no ONNX

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", type=Path, nargs="+", metavar="MODEL")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        save_checkpoint(mean_model([load_checkpoint(source) for source in args.sources]), Path(folder))
        export_model(Path(folder), args.out)


if __name__ == "__main__":
    main()
