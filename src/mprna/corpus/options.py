"""Everything that decides on the bytes of a corpus, apart from its inputs and the versions of programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from mprna.corpus.fidelity import Calibration, shipped_calibration
from mprna.corpus.species import SpeciesFrom, compile_pattern
from mprna.errors import UsageError
from mprna.folding.vienna import EnergyModel
from mprna.rna.sparse_pairs import MAX_PACKED_LENGTH


@dataclass(frozen=True, kw_only=True)
class CorpusOptions:
    """What to build; two builds of the same inputs with equal options are byte-identical.

    Args:
        slice_length: longest slice, nucleotides; a longer transcript is cut from its 5' end.
        min_length: shorter records and tails are dropped, nucleotides.
        max_ambiguous_rate: slices with a larger share of N are dropped, 0..1.
        max_slices: size of a uniform sample of the distinct slices; None keeps all.
        max_records: read only that many records, in the order of the source names; None reads all.
        annotate_share: share of the slices that get a structure, 0..1, chosen by content.
        species_from: where the species of a record is found, see `species.parse_header`.
        species_pattern: regular expression with a group `species`, searched for in the header instead.
        only_species: keep these species only; empty keeps all.
        exclude_species: leave these species out.
        exclude_share: slices that share more of their 14-mers with the unwanted sequences are dropped, 0..1.
        drop_low_complexity: drop the slices that the column `low_complexity` would flag.
        near_duplicate_share: of slices whose 14-mers have a larger Jaccard index one stays; None keeps all.
        slices_per_shard: about how many slices a shard holds (between half of it and all of it).
        energy_model: for the annotation.
        calibration: of the confidences and the expected pair F1.
        min_fidelity: structures with a lower expected pair F1 are left out, 0..1; None keeps all.
        pair_probs: whether annotated slices also get the pair probabilities of `folding.prior`.
        labelled_only: drop the slices that have no structure in the end.
        fold_timeout: seconds that the fold of a slice of up to 1,000 nt may take; more for longer ones.
        fold_memory: MiB that a fold may take.
        seed: of the sample and of the choice what to annotate.
    """

    slice_length: int = 1024
    min_length: int = 50
    max_ambiguous_rate: float = 0.1
    max_slices: int | None = None
    max_records: int | None = None
    annotate_share: float = 1.0
    species_from: SpeciesFrom = "header"
    species_pattern: str | None = None
    only_species: tuple[str, ...] = ()
    exclude_species: tuple[str, ...] = ()
    exclude_share: float = 0.2
    drop_low_complexity: bool = False
    near_duplicate_share: float | None = None
    slices_per_shard: int = 1024
    energy_model: EnergyModel = field(default_factory=EnergyModel)
    calibration: Calibration = field(default_factory=shipped_calibration, hash=False)
    min_fidelity: float | None = None
    pair_probs: bool = False
    labelled_only: bool = False
    fold_timeout: float = 60.0
    fold_memory: int = 4096
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.min_length >= 1, f"min length {self.min_length}: expected at least 1")
        require(
            self.slice_length >= self.min_length,
            f"slice length {self.slice_length}: expected at least the min length, {self.min_length}",
        )
        for name, rate in (
            ("max ambiguous rate", self.max_ambiguous_rate),
            ("annotate share", self.annotate_share),
            ("exclude share", self.exclude_share),
            ("near duplicates share", self.near_duplicate_share or 0.0),
            ("min fidelity", self.min_fidelity or 0.0),
        ):
            require(0.0 <= rate <= 1.0, f"{name} {rate}: expected a number from 0 to 1")
        for name, count in (("max slices", self.max_slices), ("max records", self.max_records)):
            require(count is None or count >= 1, f"{name} {count}: expected at least 1")
        require(self.slices_per_shard >= 1, f"slices per shard {self.slices_per_shard}: expected at least 1")
        require(
            0 < self.fold_timeout <= 1e6,
            f"fold timeout {self.fold_timeout}: expected seconds, more than 0 and at most a million",
        )
        require(
            1 <= self.fold_memory <= 2**24,
            f"fold memory {self.fold_memory}: expected MiB, 1 to {2**24}",
        )
        require(0 <= self.seed < 2**64, f"seed {self.seed}: expected 0 to 2^64 - 1")
        if self.species_pattern is not None:
            compile_pattern(self.species_pattern)
        require(
            self.min_fidelity is None or self.calibration.fits(self.energy_model),
            f"min fidelity with {self.energy_model.parameters} at {self.energy_model.temperature:g} °C, but "
            f"the calibration is for {self.calibration.parameters} at {self.calibration.temperature:g} °C: "
            "leave one of them out, or make a calibration with `mprna corpus calibrate`",
        )
        require(
            not self.pair_probs or self.slice_length <= MAX_PACKED_LENGTH,
            f"slice length {self.slice_length}: with pair probabilities expected at most {MAX_PACKED_LENGTH}",
        )
        both = sorted(set(self.only_species) & set(self.exclude_species))
        require(not both, f"species {', '.join(both)}: kept and left out at once")

    def to_json(self) -> dict[str, Any]:
        """Plain values, as in the manifest."""
        species = {
            "only_species": sorted(self.only_species),
            "exclude_species": sorted(self.exclude_species),
        }
        return asdict(self) | species


def require(condition: bool, complaint: str) -> None:
    """Raise `UsageError(complaint)` unless the condition holds."""
    if not condition:
        raise UsageError(complaint)
