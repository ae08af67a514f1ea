"""`mprna`: one command line over everything. The only place that catches our own errors."""

from __future__ import annotations

import argparse
import errno
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO

from mprna import __version__
from mprna.cli import (
    bench,
    compare,
    corpus,
    degrade,
    design,
    doctor,
    draw,
    embed,
    finetune,
    fold,
    models,
    predict,
    pretrain,
    repair,
    runs,
    scan,
    web,
)
from mprna.cli.cite import Cite
from mprna.cli.messages import one_line, tell
from mprna.errors import MprnaError, StoppedError
from mprna.io.output import RESOURCE_ERRORS, WRITE_ERRORS

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

EXAMPLES: Final = """\
examples:
  mprna fold GGGGAAAACCCC
  mprna fold rnas.fa.gz -j 4 --format tsv -o rnas.tsv
  cat rnas.fa | mprna fold --engine vienna
  mprna embed rnas.fa -o vectors.npz
"""

NO_CURRENT_FOLDER: Final = "the current folder does not exist any more; change to another"

COMMANDS: Final = (
    fold,
    embed,
    scan,
    repair,
    degrade,
    design,
    draw,
    compare,
    models,
    corpus,
    pretrain,
    finetune,
    predict,
    runs,
    bench,
    web,
    doctor,
)

INTERRUPTED: Final = 130
"""128 + SIGINT, as shells report it."""

PIPE_CLOSED: Final = 141
"""128 + SIGPIPE."""

PATHS: Final = ("FILE", "FASTA", "DIR", "DIR[=WEIGHT]", "RUN", "MODEL")
"""Names of arguments that are paths; an empty one would be the folder in which the program runs."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; nothing heavy is imported for it."""
    parser = _Parser(
        prog="mprna",
        description="Fold and embed RNA with a structure-aware foundation model, and pretrain your own.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mprna {__version__}")
    parser.add_argument("--cite", action=Cite, nargs=0, help="what to cite, as BibTeX")
    parser.add_argument("--offline", action="store_true", help="download nothing; as MPRNA_OFFLINE=1")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser


class _Parser(argparse.ArgumentParser):
    """Tells a wrong call in one line, and fails where help cannot be written, which argparse passes over."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Of what is not known the command itself complains, not `mprna`, which has other options."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        if action.option_strings and action.nargs is None and arg_strings == ["--"]:  # of --option=--
            raise argparse.ArgumentError(action, "expected one argument")
        is_path = action.metavar in PATHS or action.type is Path
        if is_path and action.nargs != argparse.OPTIONAL and "" in arg_strings:
            raise argparse.ArgumentError(action, "expected a path, which is empty here")
        return super()._get_values(action, arg_strings)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {one_line(message)}; see {self.prog} --help\n")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        if message and file is not None and file is sys.stdout:
            file.write(message)
        else:
            super()._print_message(message, file)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0; 1 where the input or a record of it is at fault or results cannot be written; 2 where the call
        is at fault; 130 after Ctrl-C; 141 where whoever read standard output has closed it; 143 where
        SIGTERM stopped a training.

    Raises:
        SystemExit: 143 after SIGTERM, and what argparse says of the call.
    """
    _fill_closed_streams()
    _use_utf8()
    warnings.showwarning = _show_warning
    try:
        parser = build_parser()
        if not (sys.argv[1:] if argv is None else argv):
            parser.print_help(sys.stderr)
            return 2
        args = parser.parse_args(argv)
        if args.offline:
            os.environ["MPRNA_OFFLINE"] = "1"
        with _orderly_end(args):
            status: int = args.run(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except StoppedError as stop:
        tell(str(stop))
        return stop.exit_code
    except MprnaError as error:
        tell(f"error: {error}")
        return error.exit_code
    except BrokenPipeError:
        _discard_stdout()
        return PIPE_CLOSED
    except OSError as error:
        if (refused := _refused(error)) is None:
            raise
        tell(f"error: {refused}")
        if error.filename is None and error.errno in WRITE_ERRORS:
            _discard_stdout()
        return 1
    except MemoryError:
        tell("error: not enough memory")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except ImportError as error:
        if not _is_interrupt(error):
            raise
        return INTERRUPTED
    return status


def _refused(error: OSError) -> str | None:
    """What the system refuses, in the user's words; None where it is a bug of ours."""
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if error.errno in RESOURCE_ERRORS:
        return f"{error.strerror}: a limit of the system; ask for fewer processes (-j)"
    if error.errno == errno.ENOENT:  # of os.getcwd and of tempfile, which have no name of it
        return error.strerror if _has_current_folder() else NO_CURRENT_FOLDER
    return f"cannot write: {error.strerror}" if error.errno in WRITE_ERRORS else None


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error, as where it comes while a library is loaded."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


@contextmanager
def _orderly_end(args: argparse.Namespace) -> Iterator[None]:
    """Where SIGTERM would leave child processes or temporary folders, let it end the block as Ctrl-C does.

    A second one ends the process at once, as the first one does elsewhere: a process that folds by itself
    would have to wait for ViennaRNA, and training and the service have handlers of their own.
    """
    leaves_something = args.command in ("corpus", "models") or getattr(args, "jobs", 1) != 1
    is_ours = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not (leaves_something and is_ours and threading.current_thread() is threading.main_thread()):
        yield
        return

    def end(number: int, frame: FrameType | None) -> NoReturn:
        signal.signal(number, signal.SIG_DFL)
        raise SystemExit(StoppedError.exit_code)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _fill_closed_streams() -> None:
    """Where a standard stream was closed (`>&-`), the next file would take its number, and what C libraries
    print would end in that file; and `print(file=None)` is standard output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end


def _use_utf8() -> None:
    """Results are UTF-8 whatever the locale, and each line leaves at once."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _has_current_folder() -> bool:
    try:
        return bool(os.getcwd())
    except FileNotFoundError:
        return False


def _discard_stdout() -> None:
    """So that the interpreter's last flush does not fail again."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(f"mprna: warning: {one_line(str(message))}", file=file or sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
