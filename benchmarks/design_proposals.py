"""Does a masked language model know which bases a structure asks for, and does `mprna design` gain by it?

    python benchmarks/design_proposals.py --data-dir DIR --model mini --targets 40 --time-limit 2

DIR holds ssp/bprna1m_validation.jsonl.gz, from which nested structures of 40 to 120 nt are drawn, at most one
per length, each helix of two pairs and more. Their own sequences answer the first question and are not seen
in the search.

1. Log-likelihood of masked bases, with and without the structure behind the sequence (the joint stream of
   the pretraining); and what the model says of every base where the structure alone is given.
2. The search of `mprna design` with letters from its priors, from what the model says given the structure,
   and with any letters alike; the same targets, seeds and processor time on one core, the model's included.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, combinations
from pathlib import Path
from random import Random
from statistics import fmean, median

import numpy as np
import onnxruntime

import mprna.design.search as search_module
from mprna.alphabet import MASK_ID, NUCLEOTIDE_IDS, NUCLEOTIDES
from mprna.design.certificate import certify
from mprna.design.constraints import Constraints, Rules, Unit
from mprna.design.priors import Priors
from mprna.design.search import Budget, Search
from mprna.errors import StructureError
from mprna.folding.vienna import DEFAULT_MODEL
from mprna.predict.design import nested_target
from mprna.rna.loops import loops
from mprna.runtime.store import find_model
from mprna.tokenizer import Tokenizer

MIN_LENGTH, MAX_LENGTH = 40, 120


@dataclass(frozen=True)
class Known:
    sequence: str
    target: str


class Model:
    """Log-probabilities (nats) over A C G U in a stream of tokens."""

    def __init__(self, name: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(find_model(name) / "model.onnx", options)

    def log_probs(self, sequence: str, dot_bracket: str | None, masked: list[int]) -> np.ndarray:
        """*Shape:* (L, 4)"""
        tokenizer = Tokenizer()
        ids = (
            tokenizer.encode(sequence)
            if dot_bracket is None
            else tokenizer.encode_joint(sequence, dot_bracket)
        )
        ids[np.array(masked) + 1] = MASK_ID
        (logits,) = self._session.run(["lm_logits"], {"input_ids": ids[None]})
        bases = logits[0, 1 : len(sequence) + 1, list(NUCLEOTIDE_IDS)].T.astype(np.float64)
        return bases - np.log(np.exp(bases).sum(axis=1, keepdims=True))

    def given_structure(self, dot_bracket: str) -> np.ndarray:
        """All bases masked. *Shape:* (L, 4)"""
        length = len(dot_bracket)
        return self.log_probs("N" * length, dot_bracket, list(range(length)))


class ModelPriors(Priors):
    """Letters by what the model says of each position, given the structure."""

    model: Model

    def __init__(self, dot_bracket: str, rules: Rules) -> None:
        log_probs = self.model.given_structure(dot_bracket)
        self._tables = {
            unit: (choices, list(accumulate(_weight(unit, choice, log_probs) for choice in choices)))
            for unit, choices in rules.choices.items()
        }


class UniformPriors(Priors):
    """Any letters."""

    def __init__(self, dot_bracket: str, rules: Rules) -> None:
        self._tables = {
            unit: (choices, list(accumulate([1.0] * len(choices)))) for unit, choices in rules.choices.items()
        }


def _weight(unit: Unit, choice: str, log_probs: np.ndarray) -> float:
    return math.exp(sum(log_probs[k, NUCLEOTIDES.index(x)] for k, x in zip(unit, choice, strict=True)))


def read_known(path: Path, number: int) -> list[Known]:
    with gzip.open(path, "rt") as file:
        rows = [row for row in map(json.loads, file) if row["near_rgb_test"] <= 0.5]
    Random(0).shuffle(rows)
    found: dict[int, Known] = {}
    for row in rows:
        known = Known(row["sequence"], row["structure"])
        if len(known.target) not in found and is_chosen(known):
            found[len(known.target)] = known
    return list(found.values())[:number]


def is_chosen(known: Known) -> bool:
    """Nested, of the right length, eight pairs or more and no lone pair."""
    if not MIN_LENGTH <= len(known.target) <= MAX_LENGTH or not set(known.sequence) <= set(NUCLEOTIDES):
        return False
    try:
        faces = loops(nested_target(known.target))
    except StructureError:
        return False
    stacked = {min(pair) for face in faces if face.kind == "stack" for pair in face.border}
    return len(stacked) == known.target.count("(") >= 8


def ask_likelihoods(model: Model, known: list[Known], rng: Random) -> None:
    """One base masked at a time, two paired and two unpaired of each RNA; then all of them."""
    gains: dict[str, list[float]] = {"paired": [], "unpaired": []}
    alone: dict[str, list[float]] = {"paired": [], "unpaired": []}
    said: dict[str, list[np.ndarray]] = {"paired": [], "unpaired": []}
    for one in known:
        given = np.exp(model.given_structure(one.target))
        for kind, symbols in (("paired", "()"), ("unpaired", ".")):
            places = [k for k, symbol in enumerate(one.target) if symbol in symbols]
            said[kind].append(given[places].mean(axis=0))
            for place in rng.sample(places, min(2, len(places))):
                base = NUCLEOTIDES.index(one.sequence[place])
                without = model.log_probs(one.sequence, None, [place])[place, base]
                alone[kind].append(without)
                gains[kind].append(model.log_probs(one.sequence, one.target, [place])[place, base] - without)
    print("| | bases | log-likelihood without structure, nats | gain by it, standard error | said: A C G U |")
    print("|---|---|---|---|---|")
    for kind, values in gains.items():
        error = float(np.std(values)) / math.sqrt(len(values))
        before = f"{fmean(alone[kind]):.3f}"
        shares = " ".join(f"{share:.3f}" for share in np.mean(said[kind], axis=0))
        print(
            f"| {kind} | {len(values)} | {before} | {fmean(values):+.3f} ± {error:.3f} | {shares} |",
            flush=True,
        )


def search_all(
    priors: type[Priors], known: list[Known], seeds: list[int], time_limit: float
) -> Iterator[list[tuple[str | None, float]]]:
    """By target: what was found for each seed, and after how long."""
    search_module.Priors = priors  # type: ignore[misc]
    for one in known:
        found = []
        for seed in seeds:
            start = time.process_time()
            search = Search(one.target, Rules(one.target, Constraints()), DEFAULT_MODEL, Random(f"{seed}:1"))
            state = search.run(Budget(start + time_limit, 1 << 62, time.process_time))
            found.append((None if state.gap else state.sequence, time.process_time() - start))
        yield found


def compare(known: list[Known], seeds: list[int], time_limit: float) -> None:
    print("| letters from | solved | median s of the solved | all s | mean defect | mean distance of seeds |")
    print("|---|---|---|---|---|---|", flush=True)
    for name, priors in (("priors", Priors), ("model", ModelPriors), ("any", UniformPriors)):
        results = list(search_all(priors, known, seeds, time_limit))
        solved = [
            (one.target, text, seconds)
            for one, found in zip(known, results, strict=True)
            for text, seconds in found
            if text is not None
        ]
        defects = [certify(text, target, DEFAULT_MODEL).ensemble_defect for target, text, _ in solved]
        texts = [[text for text, _ in found if text is not None] for found in results]
        distances = [distance(a, b) for found in texts for a, b in combinations(found, 2)]
        total = sum(seconds for found in results for _, seconds in found)
        print(
            f"| {name} | {len(solved)} of {len(known) * len(seeds)} | {median(row[2] for row in solved):.2f} "
            f"| {total:.0f} | {fmean(defects):.3f} | {fmean(distances):.2f} |",
            flush=True,
        )


def distance(sequence: str, other: str) -> float:
    return sum(a != b for a, b in zip(sequence, other, strict=True)) / len(sequence)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--model", default="mini", help="[%(default)s]")
    parser.add_argument("--targets", type=int, default=40, metavar="N", help="[%(default)s]")
    parser.add_argument("--time-limit", type=float, default=2.0, metavar="SECONDS", help="[%(default)s]")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    args = parser.parse_args()
    known = read_known(args.data_dir / "ssp" / "bprna1m_validation.jsonl.gz", args.targets)
    ModelPriors.model = Model(args.model)
    print(f"{len(known)} targets of {MIN_LENGTH} to {MAX_LENGTH} nt\n")
    ask_likelihoods(ModelPriors.model, known, Random(0))
    print()
    compare(known, args.seeds, args.time_limit)


if __name__ == "__main__":
    main()
