"""What a corpus looks like: histograms of its slices, and of the structures among them.

Shape letters: V values, B bins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mprna.alphabet import NUCLEOTIDES
from mprna.corpus.manifest import read_manifest
from mprna.corpus.shards import read_shard
from mprna.rna.helices import helices_of_pairs
from mprna.rna.structure import pairs_from_dot_bracket

Counts = npt.NDArray[np.int64]

_COLUMNS = ("sequence", "structure", "fidelity", "low_complexity")


@dataclass
class Histogram:
    """Counts of values 0 or greater in bins of equal width, as many as the largest value needs.

    Args:
        title: what is counted.
        unit: of the values.
        width: of a bin; a bin holds its lower end.
        num_bins: for quantities with a largest value, which the last bin holds too; None grows.
    """

    title: str
    unit: str
    width: float
    num_bins: int | None = None
    counts: Counts = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """*Shape:* (B,)"""

    def add(self, values: npt.ArrayLike) -> None:
        """Count values. *Shape:* (V,)"""
        # Rounded, because 0.15 / 0.05 is 2.9999999999999996.
        bins = np.floor(np.round(np.asarray(values, dtype=np.float64) / self.width, 9)).astype(np.int64)
        if self.num_bins is not None:
            bins = np.minimum(bins, self.num_bins - 1)
        found = np.bincount(bins, minlength=max(len(self.counts), self.num_bins or 0))
        found[: len(self.counts)] += self.counts
        self.counts = found

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """Ends of the bins. *Shape:* (B + 1,)"""
        return np.round(self.width * np.arange(len(self.counts) + 1), 9)

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """Title, bin and count of every bin."""
        for low, high, count in zip(self.edges, self.edges[1:], self.counts.tolist(), strict=False):
            yield self.title, f"{low:g}-{high:g}", count


@dataclass
class CorpusStats:
    """Histograms of one corpus; those of structures count annotated slices, pairs and stems only."""

    length: Histogram = field(default_factory=lambda: Histogram("length", "nt", 64))
    gc: Histogram = field(default_factory=lambda: Histogram("GC content", "share of ACGU", 0.05, 20))
    paired: Histogram = field(
        default_factory=lambda: Histogram("paired nucleotides", "share of the slice", 0.05, 20)
    )
    span: Histogram = field(default_factory=lambda: Histogram("pair span", "nt, j - i", 32))
    stem: Histogram = field(default_factory=lambda: Histogram("stem length", "stacked pairs", 1))
    fidelity: Histogram = field(
        default_factory=lambda: Histogram("fidelity", "1 - ensemble defect", 0.05, 20)
    )
    nucleotides: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    """Slices by `low complexity`, `other complexity`, `annotated`, `not annotated`."""

    @property
    def histograms(self) -> tuple[Histogram, ...]:
        """All histograms of the corpus, in the order in which a reader looks at them."""
        return (self.length, self.gc, self.paired, self.span, self.stem, self.fidelity)

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """The table: what, bin or class, count."""
        for letter in NUCLEOTIDES + "N":
            yield "composition", letter, self.nucleotides[letter]
        for flag, count in sorted(self.flags.items()):
            yield "slices", flag, count
        for histogram in self.histograms:
            yield from histogram.rows()


def corpus_stats(directory: Path) -> CorpusStats:
    """Statistics of a finished corpus; one shard is in memory at a time.

    Raises:
        CorpusError: no finished corpus, or a damaged shard.
    """
    stats = CorpusStats()
    for file in read_manifest(directory).files:
        columns = read_shard(directory / file.name, file.sha256).select(_COLUMNS).to_pydict()
        if columns["sequence"]:
            _add_sequences(stats, columns["sequence"])
            _add_structures(stats, columns)
    return stats


def _add_sequences(stats: CorpusStats, sequences: list[str]) -> None:
    counts = np.array([[sequence.count(letter) for letter in NUCLEOTIDES + "N"] for sequence in sequences])
    stats.nucleotides.update(dict(zip(NUCLEOTIDES + "N", counts.sum(axis=0).tolist(), strict=True)))
    stats.length.add(counts.sum(axis=1))
    known = counts[:, : len(NUCLEOTIDES)].sum(axis=1)
    gc = counts[:, NUCLEOTIDES.index("G")] + counts[:, NUCLEOTIDES.index("C")]
    stats.gc.add(gc[known > 0] / known[known > 0])


def _add_structures(stats: CorpusStats, columns: dict[str, list[Any]]) -> None:
    for flag, name in ((True, "low complexity"), (False, "other complexity")):
        stats.flags[name] += columns["low_complexity"].count(flag)
    structures = [structure for structure in columns["structure"] if structure is not None]
    stats.flags["annotated"] += len(structures)
    stats.flags["not annotated"] += len(columns["structure"]) - len(structures)
    for structure in structures:
        pairs = pairs_from_dot_bracket(structure)
        stats.paired.add([2 * len(pairs) / len(structure)])
        stats.span.add(pairs[:, 1] - pairs[:, 0])
        stats.stem.add([len(helix) for helix in helices_of_pairs(pairs)])
    stats.fidelity.add([value for value in columns["fidelity"] if value is not None])
