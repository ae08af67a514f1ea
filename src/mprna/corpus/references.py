"""Files that decide what a corpus holds, beside its inputs: sequences to exclude, and the species table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mprna.corpus.inputs import check_can_be_read_again, find_record_files


@dataclass(frozen=True, kw_only=True)
class References:
    """Where these files are; by default there are none.

    Args:
        exclude: files, folders and patterns of sequences; whatever resembles them is left out of the corpus,
            see `decontaminate`.
        species_table: the species of every transcript, see `species.read_species_table`.
    """

    exclude: tuple[Path, ...] = ()
    species_table: Path | None = None

    def excluded_files(self) -> dict[str, Path]:
        """The files that `exclude` names, by file name.

        Raises:
            CorpusError: a path that does not exist.
            UsageError: a file given twice.
        """
        return find_record_files(self.exclude)

    def files(self) -> dict[str, Path]:
        """All files by their use and name, as the manifest lists them.

        Raises:
            CorpusError: a path that does not exist, or a pipe, which cannot be read twice.
            UsageError: a file given twice.
        """
        files = {f"exclude {name}": path for name, path in self.excluded_files().items()}
        if self.species_table is not None:
            check_can_be_read_again(self.species_table)
            files[f"species table {self.species_table.name}"] = self.species_table
        return files


NO_REFERENCES: Final = References()
