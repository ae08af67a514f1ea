"""`mprna design`: structures to sequences."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from mprna.cli.options import (
    add_jobs,
    add_output,
    add_quiet,
    chosen_format,
    example,
    num_jobs,
    positive_int,
    seed,
    tell_if_terminal,
)
from mprna.cli.tally import Tally
from mprna.errors import FormatError

if TYPE_CHECKING:
    from mprna.predict.design import DesignOptions, Target

FORMATS: Final = ("tsv", "jsonl", "fasta")

DESCRIPTION: Final = """\
Sequences whose minimum free energy structure is the target, each with a certificate: energy, parameter sets
under which the target is the minimum, its probability, ensemble defect, GC, longest repeats, and the share
of single substitutions that keep it. There is one row per target and solution; one that was not found
carries the reason and the sequence that came closest, and the exit status is then 1."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "design",
        help="structures to sequences",
        description=DESCRIPTION,
        epilog=example(
            "mprna design '((((....))))'",
            "mprna design targets.txt -n 3 -j 2 --format jsonl -o designs.jsonl",
            "mprna design '((((....))))' --pattern GNNNGAAANNNC --gc 0.4 0.6 --forbid GGGG --max-run 3",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="TARGET",
        help="dot-bracket, or a file: one per line and headers as in FASTA, or any format with structures, "
        "as RNAfold's output; standard input without any, or for -",
    )
    add_output(parser, FORMATS, by_default="on standard output tsv; fasta leaves out what failed")
    _add_constraints(parser.add_argument_group("constraints"))
    _add_search(parser.add_argument_group("search"))
    add_quiet(parser)


def _add_constraints(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--pattern", metavar="CODES", help="IUPAC codes, one per position: letters fix a base, N is any"
    )
    group.add_argument(
        "--gc",
        nargs=2,
        type=float,
        default=(0.0, 1.0),
        metavar=("LOW", "HIGH"),
        help="share of G and C, 0 to 1",
    )
    group.add_argument(
        "--forbid", action="append", default=[], metavar="MOTIF", help="in IUPAC codes; may be repeated"
    )
    group.add_argument("--max-run", type=positive_int, metavar="N", help="longest run of one nucleotide")
    group.add_argument(
        "--max-repeat", type=positive_int, metavar="N", help="longest stretch that occurs twice, nt"
    )
    group.add_argument(
        "--max-inverted-repeat",
        type=positive_int,
        metavar="N",
        help="longest stretch whose reverse complement occurs too, apart from the target's helices, nt",
    )
    group.add_argument(
        "--min-distance",
        type=float,
        default=0.2,
        metavar="X",
        help="share of positions in which solutions of a target differ at least [%(default)s]",
    )
    group.add_argument(
        "--unlike",
        metavar="FILE",
        help="sequences from which solutions differ so too; those of another length do not count",
    )


def _add_search(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-n", "--solutions", type=positive_int, default=1, metavar="N", help="per target [%(default)s]"
    )
    group.add_argument(
        "--time-limit", type=float, default=60.0, metavar="SECONDS", help="per target [%(default)s]"
    )
    group.add_argument(
        "--max-folds",
        type=positive_int,
        metavar="N",
        help="per solution; where this ends the search and not the time, the same seed gives the same answer",
    )
    group.add_argument("--seed", type=seed, default=0, metavar="N", help="[%(default)s]")
    group.add_argument(
        "-T", "--temp", type=float, default=37.0, metavar="CELSIUS", help="temperature [%(default)s]"
    )
    group.add_argument(
        "-P",
        "--paramFile",
        dest="parameters",
        type=str.lower,
        default="turner2004",
        metavar="SET",
        help="turner2004, turner1999, andronescu2007 or langdon2018 [%(default)s]",
    )
    add_jobs(group)


def run(args: argparse.Namespace) -> int:
    from mprna.predict.design import design_targets
    from mprna.predict.design_output import write_designs

    format_name = chosen_format(args, FORMATS)
    tally = Tally("designs failed", quiet=args.quiet, output=args.output)
    targets = list(_targets(args.inputs))  # so that a file at fault ends the run before it starts
    designs = design_targets(targets, _options(args), jobs=num_jobs(args))
    counted = (tally.seen(design, design.name, design.error) for design in designs)
    write_designs(counted, args.output, format_name=format_name)
    return tally.finish()


def _targets(inputs: Sequence[str]) -> Iterator[Target]:
    from mprna.predict.design import Target

    for number, (name, dot_bracket) in enumerate(_read(inputs), 1):
        yield Target(name or f"target_{number}", dot_bracket)


def _read(inputs: Sequence[str]) -> Iterator[tuple[str, str]]:
    from mprna.io.targets import SYMBOLS, read_targets

    for text in inputs or ["-"]:
        tell_if_terminal(text)
        if text == "-" or (os.path.exists(text) and text not in (".", "..")):  # structures, not folders
            yield from read_targets(text)
        elif SYMBOLS.issuperset(text) and not text.strip(".")[:1].isalpha():
            yield "", text
        else:
            raise FormatError("no such file, and no dot-bracket", path=text)


def _options(args: argparse.Namespace) -> DesignOptions:
    from mprna.predict.design import Constraints, DesignOptions, EnergyModel

    low, high = args.gc
    constraints = Constraints(
        pattern=args.pattern,
        min_gc=low,
        max_gc=high,
        forbidden=tuple(args.forbid),
        max_run=args.max_run,
        max_repeat=args.max_repeat,
        max_inverted_repeat=args.max_inverted_repeat,
    )
    return DesignOptions(
        constraints=constraints,
        num_solutions=args.solutions,
        min_distance=args.min_distance,
        unlike=_unlike(args.unlike),
        time_limit=args.time_limit,
        max_folds=args.max_folds,
        seed=args.seed,
        energy_model=EnergyModel(temperature=args.temp, parameters=args.parameters),
    )


def _unlike(path: str | None) -> tuple[str, ...]:
    from mprna.alphabet import clean_sequence
    from mprna.errors import SequenceError
    from mprna.io.formats import read_records

    clean = []
    for record in read_records(path) if path else ():
        try:
            clean.append(clean_sequence(record.sequence))
        except SequenceError as error:
            raise FormatError(f"{record.name}: {error}", path=path) from error
    return tuple(clean)
