"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TypeVar

from mprna.cores import available_cores
from mprna.errors import FormatError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from mprna.io.records import Record

Result = TypeVar("Result")

MAX_JOBS = 1_024
"""More processes than this are a slip of the finger."""

SUITES: Final = ("rgb", "pgb", "gue", "gb", "eterna100")
"""Suites of benchmark tasks."""

MAX_SEED: Final = 2**32 - 1

MAX_DIGITS: Final = 100
"""Of a number on the command line."""

_FOREIGN_SUFFIXES: Final = (
    *(".csv", ".xls", ".xlsx", ".ods", ".json", ".html", ".vcf"),
    *(".npy", ".npz", ".h5", ".hdf5"),
    *(".svg", ".png", ".pdf", ".ps", ".eps", ".jpg", ".jpeg", ".gif", ".tif", ".tiff"),
)
"""Suffixes under which no other format may hide; those of `io.FORMATS` are such too."""

_SEQUENCE = re.compile("[ACGTUN]+", re.IGNORECASE)
"""What is a sequence if no file has that name; of all IUPAC codes many a mistyped file name consists."""


def example(*lines: str) -> str:
    """An epilog of --help."""
    return "\n".join([f"example{'s' * (len(lines) > 1)}:", *(f"  {line}" for line in lines)])


def add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="sequence or file (FASTA, FASTQ, one sequence a line, dot-bracket, CT, BPSEQ, Stockholm, "
        "Clustal, JSONL, TSV, CSV or Parquet; also .gz .bz2 .xz .zst); standard input without any, or for -",
    )


def add_model(parser: argparse._ActionsContainer, *, default: str) -> None:
    parser.add_argument(
        "--model", default=default, metavar="NAME", help="installed name, or a model directory [%(default)s]"
    )
    parser.add_argument(
        "--backend",
        choices=("auto", "onnx", "torch"),
        default="auto",
        help="what runs the model; auto: ONNX Runtime where there is a model.onnx, else torch [%(default)s]",
    )


def add_output(
    parser: argparse.ArgumentParser, formats: Sequence[str], *, by_default: str = "on standard output tsv"
) -> None:
    """--format and -o of a verb that writes one file; see `chosen_format`."""
    parser.add_argument("--format", choices=formats, help=f"[by the suffix of -o; {by_default}]")
    parser.add_argument("-o", "--output", metavar="FILE", help="instead of standard output")


def chosen_format(args: argparse.Namespace, formats: Sequence[str], default: str = "tsv") -> str:
    """--format, or what the suffix of -o says, below that of a compression.

    Args:
        formats: what the command writes: names of `io.FORMATS`, or other suffixes.
        default: where neither says anything, as for `results.txt`.

    Raises:
        UsageError: the suffix names a format that the command does not write.
    """
    if args.format is not None:
        return str(args.format)
    if args.output is None:
        return default
    from mprna.io.formats import format_of_suffix, suffix_of

    suffix, format = suffix_of(args.output), format_of_suffix(args.output)
    name = format.name if format else suffix.removeprefix(".")
    if name in formats:
        return name
    if format or suffix in _FOREIGN_SUFFIXES:
        raise UsageError(
            f"-o {args.output}: {suffix} is not among the formats written here ({', '.join(formats)}); "
            "give the file another suffix, or choose one with --format"
        )
    return default


def add_suite(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "suite",
        metavar="SUITE",
        help="rgb, pgb, gue, gb or eterna100, or a file with tasks of your own, SUITE.toml",
    )
    parser.add_argument(
        "--task",
        "--version",
        dest="task",
        action="append",
        default=[],
        metavar="NAME",
        help="only this one, such as v1 or v2 of eterna100; may be repeated",
    )


def add_quiet(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--quiet", action="store_true", help="no progress and no summary on standard error")


def add_jobs(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "-j",
        "--jobs",
        type=job_count,
        nargs="?",
        const=0,
        default=1,
        metavar="N",
        help="processes; without N all cores; results do not depend on it [%(default)s]",
    )


def add_tensorboard(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--tensorboard",
        action="store_true",
        help="write RUN/tensorboard beside RUN/metrics.jsonl (needs the extra [tensorboard])",
    )


def add_device(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="where networks are trained, as torch names it, e.g. cpu or cuda [a GPU where there is one]",
    )


def check_tensorboard(args: argparse.Namespace) -> None:
    """Make sure that TensorBoard is installed where it is asked for.

    Raises:
        MissingExtraError: it is not.
    """
    if args.tensorboard and find_spec("tensorboard") is None:
        raise MissingExtraError("--tensorboard", "tensorboard")


def num_jobs(args: argparse.Namespace) -> int:
    """-j without a number is all cores that this process may use."""
    return int(args.jobs or available_cores())


def positive_int(text: str) -> int:
    """An argument that counts something."""
    _check_digits(text)
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def seed(text: str) -> int:
    """An argument that a random generator starts from; numpy and torch agree on this range."""
    _check_digits(text)
    if not text.isdecimal() or int(text) > MAX_SEED:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 to {MAX_SEED}")
    return int(text)


def _check_digits(text: str) -> None:
    """Python reads no number of more than 4,300 digits, and no message needs one."""
    if len(text) > MAX_DIGITS and text.isdecimal():
        raise argparse.ArgumentTypeError(f"a number of {len(text)} digits; expected at most {MAX_DIGITS}")


def job_count(text: str) -> int:
    """An argument that says how many processes or threads there are."""
    if (jobs := positive_int(text)) > MAX_JOBS:
        raise argparse.ArgumentTypeError(f"{jobs} processes or threads; expected at most {MAX_JOBS}")
    return jobs


def read_inputs(inputs: Sequence[str], *, constraints: bool = False) -> Iterator[Record]:
    """Records of all inputs in their order; a sequence that is typed in has no name.

    Args:
        constraints: see `read_records`.

    Raises:
        FormatError: neither a file nor a sequence, or a file that breaks its format.
    """
    from mprna.io.formats import read_records
    from mprna.io.records import Record

    for text in inputs or ["-"]:
        tell_if_terminal(text)
        if text == "-" or os.path.exists(text):
            yield from read_records(text, constraints=constraints)
        elif _SEQUENCE.fullmatch(text):
            yield Record(name="", sequence=text)
        else:
            raise FormatError("no such file, and no sequence of ACGTUN", path=text)


def tell_if_terminal(path: str) -> None:
    """So that nobody waits for a program that waits for them."""
    if path == "-" and sys.stdin is not None and sys.stdin.isatty():
        print("mprna: reading from the terminal until Ctrl-D", file=sys.stderr)


def keep(results: Iterable[Result], kept: list[Result]) -> Iterator[Result]:
    """Pass results on, and keep them for what comes after."""
    for result in results:
        kept.append(result)
        yield result
