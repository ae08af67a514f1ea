"""`mprna --cite`: what to cite, as BibTeX."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.resources import files
from typing import Any


class Cite(argparse.Action):
    """Print the entries and end, as `--version` does."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        print(files("mprna").joinpath("citation.bib").read_text(encoding="utf-8"), end="")
        parser.exit()
