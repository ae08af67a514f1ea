"""How fast `mprna scan` is, and how near its short cuts are to folding every mutant as a whole.

    python benchmarks/scan.py [--length 1000] [--agreement-length 400] [--variants 200] [--jobs 2] [--seed 0]

The RNAs are random, so that anyone gets the same ones; `--fasta FILE` takes the first record of a file.
Prints wall and CPU seconds of all single substitutions, then for a random sample of variants the Pearson
correlation, mean and largest difference of every quantity by the short cut and by folding whole mutants.
With `--part N` N of the substitutions are timed and the time of all is extrapolated.

    python benchmarks/scan.py --length 0 --agreement-length 0 --known RNA.fa VARIANTS.tsv

Where known variants rank among all single substitutions of their RNA, the mean over them, 0 to 1.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from mprna.alphabet import clean_sequence
from mprna.folding.change import ensemble_change
from mprna.folding.vienna import fold_ensemble
from mprna.io.formats import read_records
from mprna.io.variants import read_variants
from mprna.predict.scan import ScanOptions, VariantEffect, scan
from mprna.rna.variants import Variant, mutate, parse_variant, single_substitutions

QUANTITIES = ("delta_ensemble_energy", "delta_mfe", "pair_distance", "unpaired_distance")


def random_rna(length: int, seed: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGU"), size=length))


def cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def report_part(sequence: str, num_variants: int, jobs: int) -> None:
    """CPU time from few variants in the middle: a fixed part, and what each further one takes.

    The fixed part is that of a first call, which also loads the model and makes tables that later ones keep.
    """
    every = [str(variant) for variant in single_substitutions(sequence)]
    middle = len(every) // 2 // 3 * 3
    times = []
    for count in (3, 3, num_variants):
        start = cpu_seconds()
        scan(sequence, every[middle : middle + count])
        times.append(cpu_seconds() - start)
    each = (times[2] - times[1]) / (num_variants - 3)
    fixed = times[0] - 3 * each
    print(
        f"{len(sequence)} nt: {fixed:.1f} s CPU once per process, {1000 * each:.1f} ms per variant", end="; "
    )
    print(f"{len(every)} variants on {jobs} cores: {fixed + each * len(every) / jobs:.0f} s", flush=True)


def report_speed(sequence: str, jobs: int) -> None:
    wall, cpu = time.perf_counter(), cpu_seconds()
    effects = scan(sequence, jobs=jobs)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    failed = sum(effect.error is not None for effect in effects)
    print(f"{len(sequence)} nt, {len(effects)} variants ({failed} failed), {jobs} processes")
    print(f"wall {wall:.1f} s, CPU {cpu:.1f} s, CPU / processes {cpu / jobs:.1f} s", flush=True)


def whole(sequence: str, variants: list[Variant]) -> np.ndarray:
    """Every mutant folded as a whole. *Shape:* (variants, quantities)"""
    reference = fold_ensemble(sequence)
    changes = [ensemble_change(reference, fold_ensemble(mutate(sequence, v))) for v in variants]
    return np.array([[getattr(change, name) for name in QUANTITIES] for change in changes])


def table(effects: list[VariantEffect]) -> np.ndarray:
    return np.array([[getattr(effect, name) for name in QUANTITIES] for effect in effects])


def report_agreement(sequence: str, num_variants: int, seed: int) -> None:
    every = list(single_substitutions(sequence))
    chosen = np.sort(np.random.default_rng(seed).choice(len(every), size=num_variants, replace=False))
    variants = [every[index] for index in chosen]
    names = [str(variant) for variant in variants]
    exact = whole(sequence, variants)
    print(f"\n{len(sequence)} nt, {num_variants} variants, against whole mutants")
    print("short cut", "quantity", "Pearson", "mean |difference|", "largest", sep="\t")
    for label, options in (
        ("whole ensemble, windows of 120", ScanOptions(model=None, confidence=False, whole=0)),
        ("windows of 120 alone", ScanOptions(model=None, confidence=False, whole=0, expand=False)),
        (
            "windows of 200 alone",
            ScanOptions(model=None, confidence=False, whole=0, expand=False, window=200),
        ),
    ):
        found = table(scan(sequence, names, options))
        for column, quantity in enumerate(QUANTITIES):
            pearson = np.corrcoef(found[:, column], exact[:, column])[0, 1]
            apart = np.abs(found[:, column] - exact[:, column])
            print(label, quantity, f"{pearson:.5f}", f"{apart.mean():.4f}", f"{apart.max():.3f}", sep="\t")


def report_ranks(fasta: str, list_path: str) -> None:
    """By size of the structural changes, and by how much less likely the variant is."""
    every = scan(next(read_records(fasta)).sequence)
    known = {str(parse_variant(listed.text)) for listed in read_variants(list_path)}
    print(f"\n{len(known)} known of {len(every)} variants: mean share of all that change less")
    for name, sign in (("llr", -1), *((quantity, 0) for quantity in QUANTITIES)):
        values = np.array([getattr(effect, name) for effect in every])
        sizes = sign * values if sign else np.abs(values)
        chosen = [size for size, effect in zip(sizes, every, strict=True) if effect.variant in known]
        print(name, f"{np.mean([(sizes < size).mean() for size in chosen]):.3f}", sep="\t")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fasta", help="take the first record, cut to the lengths below")
    parser.add_argument("--length", type=int, default=1000, help="of the timed RNA; 0 skips it")
    parser.add_argument("--part", type=int, help="time so many variants only, and extrapolate")
    parser.add_argument("--agreement-length", type=int, default=400, help="0 skips it")
    parser.add_argument("--known", nargs=2, metavar=("RNA", "VARIANTS"))
    parser.add_argument("--variants", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    longest = max(args.length, args.agreement_length)
    sequence = random_rna(longest, args.seed)
    if args.fasta is not None:
        sequence = clean_sequence(next(read_records(args.fasta)).sequence)
    if args.length and args.part:
        report_part(sequence[: args.length], args.part, args.jobs)
    elif args.length:
        report_speed(sequence[: args.length], args.jobs)
    if args.agreement_length:
        report_agreement(sequence[: args.agreement_length], args.variants, args.seed)
    if args.known:
        report_ranks(*args.known)


if __name__ == "__main__":
    main()
