"""RNAs without a known structure, for pair networks to learn thermodynamics from: FASTA.

    python runs/soft_rnas.py TRANSCRIPTS... --num 60000 --out soft.fa

Pieces of transcripts (half), the same with shuffled dinucleotides (a quarter) and random letters of a random
composition (a quarter), of 40 to 180 nt (--lengths), evenly; each file of transcripts gives as many as any
other, or all that it has. With --rods, in place of random letters, pieces whose end is made to pair with
their start, with errors: long stems, which chance does not make. What shares more than half of its 14-mers
with an RNA of --exclude is left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mprna.alphabet import as_rna
from mprna.corpus.decontaminate import Unwanted
from mprna.corpus.shuffle import shuffle_dinucleotides
from mprna.files import replacing
from mprna.io.formats import read_records

SHUFFLED, RANDOM = 0.25, 0.25
MAX_UNWANTED = 0.5
LETTERS = np.array(list("ACGU"))
PARTNERS = str.maketrans("ACGU", "UGCA")
ARM_SHARES = 0.15, 0.45
ERROR_RATES = 0.1, 0.4
"""Of the arms of rods: their share of the RNA, and the share of their nucleotides that do not pair."""


def main() -> None:
    args = parse()
    rng = np.random.default_rng(args.seed)
    num_real = round(args.num * (1 - RANDOM))
    num_taken = args.num if args.rods else num_real
    by_file = list(pieces(args.transcripts, num_taken, tuple(args.lengths), rng))
    real = [by_file[place] for place in rng.permutation(len(by_file))]
    num_shuffled = round(args.num * SHUFFLED)
    found = [shuffle_dinucleotides(piece, rng) for piece in real[:num_shuffled]]
    found += real[num_shuffled:num_real] + [rod(piece, rng) for piece in real[num_real:]]
    found += [random_rna(tuple(args.lengths), rng) for _ in range(args.num - len(found))]
    kept = without_unwanted(list(dict.fromkeys(found)), args.exclude)
    order = rng.permutation(len(kept))
    with replacing(args.out) as partial:
        partial.write_text("".join(f">{n}\n{kept[place]}\n" for n, place in enumerate(order)))
    print(f"{len(kept)} RNAs, {sum(map(len, kept))} nt; {len(found) - len(kept)} left out")


def pieces(
    paths: Sequence[Path], num: int, lengths: tuple[int, int], rng: np.random.Generator
) -> Iterator[str]:
    """One piece of each of the transcripts that are chosen, of A, C, G and U alone."""
    shortest, longest = lengths
    share = -(-num // len(paths))
    for path in paths:
        sequences = [as_rna(record.sequence) for record in read_records(path)]
        sequences = [sequence for sequence in sequences if len(sequence) >= shortest]
        for place in rng.permutation(len(sequences))[:share]:
            length = min(int(rng.integers(shortest, longest + 1)), len(sequences[place]))
            start = int(rng.integers(len(sequences[place]) - length + 1))
            piece = sequences[place][start : start + length]
            if set(piece) <= set("ACGU"):
                yield piece


def rod(piece: str, rng: np.random.Generator) -> str:
    """The piece with an end that pairs with its start, but for substitutions, deletions and insertions."""
    arm = round(rng.uniform(*ARM_SHARES) * len(piece))
    error_rate = rng.uniform(*ERROR_RATES)
    partners = []
    for partner in piece[:arm].translate(PARTNERS)[::-1]:
        other = str(rng.choice(LETTERS))
        changes = (other, "", partner + other) if rng.random() < error_rate else (partner,)
        partners.append(str(rng.choice(changes)))
    return piece[: len(piece) - arm] + "".join(partners)


def random_rna(lengths: tuple[int, int], rng: np.random.Generator) -> str:
    """Letters of a composition that is drawn too."""
    shortest, longest = lengths
    composition = rng.dirichlet([4.0] * len(LETTERS))
    return "".join(rng.choice(LETTERS, rng.integers(shortest, longest + 1), p=composition))


def without_unwanted(sequences: list[str], unwanted: Sequence[Path]) -> list[str]:
    if not unwanted:
        return sequences
    shares = Unwanted({path.as_posix(): path for path in unwanted}).shares(sequences)
    return [sequence for sequence, share in zip(sequences, shares, strict=True) if share <= MAX_UNWANTED]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("transcripts", type=Path, nargs="+", metavar="TRANSCRIPTS")
    parser.add_argument("--num", type=int, default=60_000)
    parser.add_argument("--lengths", type=int, nargs=2, default=(40, 180), metavar=("SHORTEST", "LONGEST"))
    parser.add_argument("--rods", action="store_true", help="long stems in place of random letters")
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], metavar="FILE", help="test sets")
    parser.add_argument("--out", type=Path, metavar="FASTA", required=True)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
