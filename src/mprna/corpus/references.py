"""Files beside the inputs that decide on a corpus: what it must not contain, and the table of species."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mprna.corpus.inputs import check_can_be_read_again, find_references


@dataclass(frozen=True, kw_only=True)
class References:
    """Which files, if any.

    Args:
        exclude: files, folders and patterns of sequences whose like is left out, see `decontaminate`.
        species_table: species by transcript, see `species.read_species_table`.
    """

    exclude: tuple[Path, ...] = ()
    species_table: Path | None = None

    def excluded_files(self) -> dict[str, Path]:
        """Files of `exclude` by name.

        Raises:
            CorpusError: a path that does not exist.
            UsageError: a file given twice.
        """
        return find_references(self.exclude)

    def files(self) -> dict[str, Path]:
        """All files by use and name, as the manifest lists them; errors as above, and as of pipes."""
        files = {f"exclude {name}": path for name, path in self.excluded_files().items()}
        if self.species_table is not None:
            check_can_be_read_again(self.species_table)
            files[f"species table {self.species_table.name}"] = self.species_table
        return files
