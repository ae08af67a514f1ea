"""The arguments that decide on the bytes of a corpus, for `build` and `plan`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mprna.cli.options import seed

if TYPE_CHECKING:
    from mprna.corpus.fidelity import Calibration
    from mprna.corpus.options import CorpusOptions
    from mprna.corpus.references import References


def add_options(parser: argparse.ArgumentParser) -> None:
    """What decides on the bytes of a corpus."""
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="FASTA or FASTQ file (also .gz .bz2 .xz .zst), folder of them, quoted pattern such as "
        "'data/**/*.fa.gz', or - for standard input; to continue a build of -, give the same bytes again",
    )
    _add_slices(parser)
    _add_filters(parser)
    _add_species(parser)
    _add_annotation(parser)
    parser.add_argument(
        "--slices-per-shard",
        type=int,
        default=1024,
        metavar="N",
        help="at most about this many [%(default)s]",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of the samples [%(default)s]")


def _add_slices(parser: argparse.ArgumentParser) -> None:
    slices = parser.add_argument_group("slices")
    slices.add_argument("--slice-length", type=int, default=1024, metavar="NT", help="[%(default)s]")
    slices.add_argument(
        "--min-length",
        type=int,
        default=50,
        metavar="NT",
        help="drop shorter records and tails [%(default)s]",
    )
    slices.add_argument(
        "--max-n",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="drop slices with a larger share of N [%(default)s]",
    )
    slices.add_argument(
        "--max-slices", type=int, metavar="N", help="keep a uniform sample of N distinct slices"
    )
    slices.add_argument("--max-records", type=int, metavar="N", help="read only the first N records")


def _add_filters(parser: argparse.ArgumentParser) -> None:
    """What is left out beyond exact duplicates."""
    group = parser.add_argument_group("what to leave out")
    group.add_argument(
        "--exclude",
        nargs="+",
        action="extend",
        default=[],
        type=Path,
        metavar="FILE",
        help="sequences (any format that fold reads) whose like must not be in the corpus, as test sets; "
        "what was left out is listed in DIR/excluded.tsv",
    )
    group.add_argument(
        "--exclude-share",
        type=float,
        default=0.2,
        metavar="SHARE",
        help="drop slices of which a larger share of the 14-mers is in them, on either strand [%(default)s]",
    )
    group.add_argument(
        "--near-duplicates",
        type=float,
        metavar="SHARE",
        help="of slices whose sets of 14-mers have a larger Jaccard index than this keep one; "
        "needs the extra [dedup], and memory for all slices",
    )
    group.add_argument(
        "--drop-low-complexity",
        action="store_true",
        help="drop slices with a DUST score above 7 of 100, which are flagged otherwise",
    )


def _add_species(parser: argparse.ArgumentParser) -> None:
    species = parser.add_argument_group("species")
    rule = species.add_mutually_exclusive_group()
    rule.add_argument(
        "--species-from",
        choices=("header", "source"),
        default="header",
        help="second field of '>id|species|type', or the file's name up to the first dot [%(default)s]",
    )
    rule.add_argument(
        "--species-pattern",
        metavar="REGEX",
        help="searched for in the header; its group (?P<species>...) is the species",
    )
    rule.add_argument(
        "--species-table",
        type=Path,
        metavar="FILE",
        help="lines id<TAB>species; ids that it lacks are counted",
    )
    species.add_argument("--only-species", action="append", default=[], metavar="NAME", help="repeatable")
    species.add_argument("--exclude-species", action="append", default=[], metavar="NAME", help="repeatable")


def _add_annotation(parser: argparse.ArgumentParser) -> None:
    labels = parser.add_argument_group("annotation")
    labels.add_argument(
        "--annotate",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="share of the slices that get a ViennaRNA structure, 0 to 1 [%(default)s]",
    )
    add_energy_model(labels)
    labels.add_argument(
        "--max-span", type=int, metavar="NT", help="most nucleotides from one end of a pair to the other"
    )
    labels.add_argument(
        "--min-fidelity",
        type=float,
        metavar="F1",
        help="leave out structures with a lower expected pair F1, 0 to 1; the slice stays [keep all]",
    )
    labels.add_argument(
        "--pair-probs",
        action="store_true",
        help="also keep the ensemble's pair probabilities, which pretraining then learns instead of the "
        "pairs of the structure (one more partition function per slice)",
    )
    labels.add_argument(
        "--labelled-only",
        action="store_true",
        help="drop slices that have no structure in the end; a folded one is not folded again",
    )
    labels.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="written by calibrate; without it the package's own, for turner2004 at 37 degrees",
    )
    labels.add_argument(
        "--fold-timeout",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="a fold of up to 1,000 nt that takes longer is given up; longer ones get the cube of their "
        "length [%(default)s]",
    )
    labels.add_argument(
        "--fold-memory",
        type=int,
        default=4096,
        metavar="MIB",
        help="a fold that takes more is given up (Linux) [%(default)s]",
    )


def add_energy_model(parser: argparse._ActionsContainer) -> None:
    """Temperature and parameters of the folds."""
    parser.add_argument(
        "--temperature", type=float, default=37.0, metavar="C", help="in degrees Celsius [%(default)s]"
    )
    parser.add_argument(
        "--parameters",
        default="turner2004",
        metavar="NAME",
        help="ViennaRNA's energies: turner2004, turner1999, andronescu2007, langdon2018 [%(default)s]",
    )


def options_of(args: argparse.Namespace) -> CorpusOptions:
    """Options of the parsed arguments."""
    from mprna.corpus.clean import species_names
    from mprna.corpus.options import CorpusOptions
    from mprna.folding.vienna import EnergyModel

    return CorpusOptions(
        slice_length=args.slice_length,
        min_length=args.min_length,
        max_ambiguous_rate=args.max_n,
        max_slices=args.max_slices,
        max_records=args.max_records,
        annotate_share=args.annotate,
        species_from=args.species_from,
        species_pattern=args.species_pattern,
        only_species=tuple(sorted(species_names(args.only_species))),
        exclude_species=tuple(sorted(species_names(args.exclude_species))),
        exclude_share=args.exclude_share,
        drop_low_complexity=args.drop_low_complexity,
        near_duplicate_share=args.near_duplicates,
        slices_per_shard=args.slices_per_shard,
        energy_model=EnergyModel(
            temperature=args.temperature, parameters=args.parameters, max_span=args.max_span
        ),
        calibration=_calibration_of(args.calibration),
        min_fidelity=args.min_fidelity,
        pair_probs=args.pair_probs,
        labelled_only=args.labelled_only,
        fold_timeout=args.fold_timeout,
        fold_memory=args.fold_memory,
        seed=args.seed,
    )


def references_of(args: argparse.Namespace) -> References:
    """Files beside the inputs, of the parsed arguments."""
    from mprna.corpus.references import References

    return References(exclude=tuple(args.exclude), species_table=args.species_table)


def _calibration_of(path: Path | None) -> Calibration:
    from mprna.corpus.fidelity import read_calibration, shipped_calibration

    return shipped_calibration() if path is None else read_calibration(path)
