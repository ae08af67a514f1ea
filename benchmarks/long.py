"""Windows against one piece: pair F1 of long RNAs with known structures, agreement and processor time.

    python benchmarks/long.py rnastrand.jsonl.gz archiveII_bpseq.jsonl.gz --min-length 1100 --num-rnas 8

RNAs are drawn at random among those of `--min-length` to `--max-length` nt. Every width of `--widths` reads
them in windows of that many nucleotides, 0 in one piece; `hybrid` takes the ensemble of each window.
Agreement is the pair F1 of the pairs below the width against those that one piece finds below it.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mprna.alphabet import clean_sequence
from mprna.decoding.nested import decode_band
from mprna.decoding.settings import PAIR_GAMMA
from mprna.errors import SequenceError
from mprna.folding.prior import prior_pair_probs
from mprna.folding.vienna import fold_mfe
from mprna.io.formats import read_records
from mprna.rna.scores import pair_scores
from mprna.rna.structure import Pairs, pairs_from_dot_bracket
from mprna.runtime.load import load_pair_engine
from mprna.runtime.pair_engine import PairEngine
from mprna.runtime.store import FOLDING_MODEL
from mprna.runtime.windows import predict_pair_band


def read_rnas(paths: list[Path], low: int, high: int, num: int) -> list[tuple[str, Pairs]]:
    """Distinct sequences with their pairs."""
    found: dict[str, Pairs] = {}
    for path in paths:
        for record in read_records(path):
            if record.dot_bracket is None or not low <= len(record.sequence) <= high:
                continue
            try:
                found.setdefault(clean_sequence(record.sequence), pairs_from_dot_bracket(record.dot_bracket))
            except SequenceError:
                continue
    chosen = np.random.default_rng(0).permutation(len(found))[:num]
    rnas = list(found.items())
    return [rnas[n] for n in sorted(chosen.tolist())]


def fold(network: PairEngine, sequence: str, width: int, *, with_prior: bool) -> Pairs:
    def window_probs(window: slice) -> npt.NDArray[np.float32]:
        part = sequence[window]
        return network.predict_pairs(part, prior_pair_probs(part) if with_prior else None)

    band = predict_pair_band(window_probs, len(sequence), width or len(sequence))
    return pairs_from_dot_bracket(decode_band(sequence, band, gamma=PAIR_GAMMA))


def below(pairs: Pairs, width: int) -> Pairs:
    return pairs[pairs[:, 1] - pairs[:, 0] < width] if width else pairs


def measure(
    network: PairEngine, sequence: str, known: Pairs, engines: list[str], widths: list[int]
) -> dict[tuple[str, int], tuple[float, float, float]]:
    """Pair F1, agreement with one piece (nan where there is none) and seconds, by engine and width."""
    start = time.process_time()
    mfe = pairs_from_dot_bracket(fold_mfe(sequence)[0])
    rows = {("vienna", 0): (pair_scores(known, mfe).f1, np.nan, time.process_time() - start)}
    for engine in engines:
        whole: Pairs | None = None
        for width in sorted(widths):  # 0, one piece, first
            start = time.process_time()
            pairs = fold(network, sequence, width, with_prior=engine == "hybrid")
            seconds = time.process_time() - start
            whole = pairs if width == 0 else whole
            same = np.nan if whole is None else pair_scores(below(whole, width), below(pairs, width)).f1
            rows[engine, width] = (pair_scores(known, pairs).f1, same, seconds)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--min-length", type=int, default=1_100)
    parser.add_argument("--max-length", type=int, default=3_000)
    parser.add_argument("--num-rnas", type=int, default=20)
    parser.add_argument("--engines", nargs="+", default=["model", "hybrid"], choices=("model", "hybrid"))
    parser.add_argument("--widths", type=int, nargs="+", default=[0, 512, 1_024])
    parser.add_argument("--model", default=FOLDING_MODEL)
    args = parser.parse_args()
    network = load_pair_engine(args.model)
    rnas = read_rnas(args.files, args.min_length, args.max_length, args.num_rnas)
    if not rnas:
        raise SystemExit(f"no RNA of {args.min_length} to {args.max_length} nt with a structure")
    table = defaultdict(list)
    for sequence, known in rnas:
        for key, row in measure(network, sequence, known, args.engines, args.widths).items():
            table[key].append(row)
    length = np.mean([len(sequence) for sequence, _ in rnas])
    print(f"| {len(rnas)} RNAs, {length:.0f} nt on average | pair F1 | agreement | core-seconds |")
    print("|---|---|---|---|")
    for (engine, width), rows in table.items():
        f1, same, seconds = np.mean(rows, axis=0)
        name = "one piece" if width == 0 else f"windows of {width}"
        agreement = "" if np.isnan(same) else f"{100 * same:.1f}"
        print(f"| `{engine}`, {name} | {100 * f1:.1f} | {agreement} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
