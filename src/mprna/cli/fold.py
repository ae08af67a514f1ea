"""`mprna fold`: sequences to structures."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mprna.cli import pictures
from mprna.cli.draw import add_plot, write_pictures
from mprna.cli.options import (
    add_inputs,
    add_jobs,
    add_model,
    add_quiet,
    chosen_format,
    example,
    num_jobs,
    positive_int,
    read_inputs,
)
from mprna.cli.tally import Tally
from mprna.errors import FormatError, UsageError
from mprna.runtime.store import FOLDING_MODEL

if TYPE_CHECKING:
    from mprna.io.records import Record
    from mprna.predict.options import FoldOptions

FORMATS: Final = ("vienna", "dbn", "ct", "bpseq", "tsv", "jsonl", "parquet", *pictures.FORMATS)
NAMELESS: Final = ("vienna", "dbn")
"""Formats in which a sequence without a header stays without one."""
WITH_PAIR_PROBS: Final = ("jsonl", "parquet", "tsv", *pictures.FORMATS)

DESCRIPTION: Final = """\
Fold RNA. Output as of RNAfold: header, sequence, then the structure with its true Turner energy in kcal/mol.
There is one result per record, in the order of the input; a record that cannot be folded carries the reason,
and the exit status is then 1. tsv, jsonl and parquet also say how sure the structure is: confidence is the
share of nucleotides expected to be right, expected_f1 the F1 that its pairs are expected to have."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "fold",
        help="sequences to structures, printed as by RNAfold",
        description=DESCRIPTION,
        epilog=example(
            "mprna fold GGGGAAAACCCC",
            "mprna fold rnas.fa.gz -j 4 --format tsv -o rnas.tsv --resume",
            "cat rnas.fa | mprna fold --engine vienna --format ct",
            "mprna fold rnas.fa --format svg -o pictures/",
            "mprna fold GGGGAAAACCCCAAAAGGGG --constraint 'xxxx................'",
            "mprna fold rna.fa --shape rna.shape --pseudoknots --min-confidence 0.5",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_inputs(parser)
    _add_output(parser.add_argument_group("output"))
    _add_engine(parser.add_argument_group("engine"))
    _add_structure(parser.add_argument_group("structure"))
    _add_energies(parser.add_argument_group("energies"))


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--format", choices=FORMATS, help="[by the suffix of -o, else vienna]")
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="instead of standard output; for svg and png a file, or a directory for one picture per "
        "record; grows as FILE.part and is renamed when complete",
    )
    group.add_argument(
        "-p",
        "--pair-probs",
        action="store_true",
        help="add pair probabilities, which jsonl and parquet hold, svg shows as colours, and tsv tells by "
        "confidence and expected F1 alone: of ViennaRNA's ensemble for the vienna engine, else of the model",
    )
    add_plot(group)
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on where an interrupted run with the same input, options and -o stopped (vienna, dbn, "
        "tsv, jsonl); three of its structures are computed again, and must come out the same",
    )
    group.add_argument("--noPS", action="store_true", help="accepted; no PostScript is ever written")
    group.add_argument(
        "--enforceConstraint", action="store_true", help="accepted; constraints are always enforced"
    )
    add_quiet(group)


def _add_engine(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--engine",
        choices=("hybrid", "model", "vienna"),
        default="hybrid",
        help="hybrid: a pair network that reads ViennaRNA's ensemble, or ViennaRNA with another model's "
        "log-odds of every pair as pseudo-energies; model: the network alone; vienna: minimum free energy "
        "[%(default)s]",
    )
    add_model(group, default=FOLDING_MODEL)
    group.add_argument(
        "--decoder",
        choices=("nested", "tokens"),
        default="nested",
        help="of the model engine: from pair probabilities or, not with a pair network, from ( ) . "
        "probabilities [%(default)s]",
    )
    group.add_argument(
        "--gamma",
        type=float,
        metavar="X",
        help="of the nested decoder: the larger, the more pairs; 1 is maximum expected accuracy [8, and "
        "1.5 for pairs that cross; with a pair network 1.5 (alone, as the model engine, 3) and 8, beside "
        "relatives 3 and 8]",
    )
    group.add_argument(
        "--weight",
        type=float,
        metavar="X",
        help="of the hybrid engine without a pair network: how much the model counts [0.15]",
    )
    group.add_argument(
        "--max-length",
        type=positive_int,
        metavar="NT",
        help="give longer sequences a reason instead of a structure [32767; vienna 8192; hybrid without a "
        "pair network 4096]",
    )
    add_jobs(group)


def _add_structure(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-C",
        dest="constraint_lines",
        action="store_true",
        help="the line below each sequence is a constraint: . anything, x unpaired, | paired, < paired "
        "downstream, > paired upstream, ( ) paired with each other; all of it is enforced",
    )
    group.add_argument(
        "--constraint",
        metavar="FILE",
        help="constraints of the records, below '>NAME' or one a line in their order; or the constraint "
        "itself, for one sequence",
    )
    group.add_argument(
        "--shape",
        metavar="FILE",
        help="reactivities of one sequence: position, letter if any, reactivity (below 0: no data), or "
        "RNAstructure's .map; or a directory of NAME.shape or NAME.map for the records",
    )
    group.add_argument(
        "--shape-slope", type=float, default=1.8, metavar="KCAL", help="of Deigan's energies [%(default)s]"
    )
    group.add_argument(
        "--shape-intercept",
        type=float,
        default=-0.6,
        metavar="KCAL",
        help="of Deigan's energies [%(default)s]",
    )
    group.add_argument(
        "--templates",
        metavar="FILE",
        action="append",
        default=[],
        help="RNAs with known structures, in any format that has structures; an RNA that is a relative of "
        "some takes from them the pairs that it shares with them (up to 4096 nt; repeatable)",
    )
    group.add_argument(
        "--relatives",
        metavar="FILE",
        action="append",
        default=[],
        help="RNAs without known structures, in any format, such as the same RNA of other species; they are "
        "folded too, and pairs that an RNA shares with them count more (up to 4096 nt; repeatable)",
    )
    group.add_argument(
        "--pseudoknots",
        action="store_true",
        help="add pairs that cross the nested structure; the energy is that of the ( ) pairs alone (not with "
        "the vienna engine)",
    )
    group.add_argument(
        "--min-confidence",
        type=float,
        default=0.0,
        metavar="P",
        help="leave out pairs of a lower probability, but for those that a constraint asks for",
    )


def _add_energies(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-T",
        "--temp",
        type=float,
        default=37.0,
        metavar="CELSIUS",
        help="of energies, and of the ensemble that the network reads [%(default)s]",
    )
    group.add_argument(
        "-P",
        "--paramFile",
        dest="parameters",
        type=str.lower,
        default="turner2004",
        metavar="SET",
        help="energies that are reported, and those of vienna: turner2004, turner1999, andronescu2007 or "
        "langdon2018 [%(default)s]",
    )
    group.add_argument(
        "-d",
        "--dangles",
        type=int,
        choices=(0, 2),
        default=2,
        help="energies of dangling ends: none, or on both sides [%(default)s]",
    )
    group.add_argument(
        "--maxBPspan",
        "--max-span",
        dest="max_span",
        type=positive_int,
        metavar="NT",
        help="longest distance of a pair, both ends included",
    )


def run(args: argparse.Namespace) -> int:
    from mprna.io.records import numbered
    from mprna.predict.fold import fold_records

    format_name = _format_name(args)
    _check_output(args, format_name)
    options = _options(args)
    tally = Tally("records have no structure", quiet=args.quiet, output=args.output)

    def count(result: Record) -> Record:
        return tally.seen(result, result.name, result.error)

    def compute(records: Iterable[Record]) -> Iterator[Record]:
        return fold_records(records, options, jobs=num_jobs(args))

    records = _records(args)
    if format_name not in NAMELESS:
        records = numbered(records)
    if format_name in pictures.FORMATS:
        drawable = map(count, compute(records))
        write_pictures(drawable, args.output, format_name=format_name, plot=args.plot)
    else:
        from mprna.predict.fold_output import write_results

        write_results(
            compute,
            records,
            args.output,
            format_name=format_name,
            resume=args.resume,
            on_result=count,
        )
    return tally.finish()


def _records(args: argparse.Namespace) -> Iterator[Record]:
    """The input, with the constraints and reactivities that stand apart from it."""
    records = read_inputs(args.inputs, constraints=args.constraint_lines)
    if args.constraint is not None:
        from mprna.io import constraints

        named: dict[str, str] = {}
        if constraints.looks_like_one(args.constraint) and not os.path.exists(args.constraint):
            nameless = [args.constraint]
        elif args.constraint != "-" and not os.path.exists(args.constraint):
            message = "no such file, and no constraint in the symbols . x | < > ( )"
            raise FormatError(message, path=args.constraint)
        else:
            named, nameless = constraints.read_constraints(args.constraint)
        if named:
            records = constraints.constrain_by_name(records, named)
        else:
            records = constraints.constrain_in_order(records, nameless)
    if args.shape is not None:
        from mprna.io.shape import with_reactivities

        records = with_reactivities(records, Path(args.shape))
    return records


def _format_name(args: argparse.Namespace) -> str:
    if args.format is None and (args.output or "").lower().endswith(pictures.PICTURES):
        return pictures.picture_format(args.output)
    return chosen_format(args, FORMATS, "vienna")


def _options(args: argparse.Namespace) -> FoldOptions:
    from mprna.predict.options import EnergyModel, FoldOptions, ShapeModel

    if args.engine == "vienna" and args.model != FOLDING_MODEL:
        raise UsageError("--model: the vienna engine reads none; choose hybrid or model")
    energies = EnergyModel(
        temperature=args.temp,
        parameters=args.parameters,
        max_span=args.max_span,
        dangles=args.dangles,
    )
    options = FoldOptions(
        engine=args.engine,
        model=args.model,
        backend=args.backend,
        decoder=args.decoder,
        energy_model=energies,
        shape_model=ShapeModel(slope=args.shape_slope, intercept=args.shape_intercept),
        templates=tuple(args.templates),
        relatives=tuple(args.relatives),
        pseudoknots=args.pseudoknots,
        min_confidence=args.min_confidence,
        pair_probs=args.pair_probs or args.plot == "dots",
        max_length=args.max_length,
    )
    chosen = {name: getattr(args, name) for name in ("gamma", "weight") if getattr(args, name) is not None}
    return dataclasses.replace(options, **chosen)


def _check_output(args: argparse.Namespace, format_name: str) -> None:
    if args.pair_probs and format_name not in WITH_PAIR_PROBS:
        raise UsageError(f"-p: {format_name} has no place for pair probabilities; choose --format jsonl")
    if args.plot != "structure" and format_name not in pictures.FORMATS:
        raise UsageError(f"--plot: {format_name} is no picture; choose --format svg")
    if args.resume and (args.output in (None, "-") or format_name in pictures.FORMATS):
        raise UsageError("--resume needs -o FILE, and no pictures")
    if args.constraint_lines and args.constraint is not None:
        raise UsageError("-C and --constraint: constraints come from one place")
