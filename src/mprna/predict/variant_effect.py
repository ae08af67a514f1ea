"""The options of a scan, and its result for one variant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mprna.errors import UsageError
from mprna.predict.limits import DEFAULT_MAX_LENGTH
from mprna.runtime.masked import MASKED_CONTEXT
from mprna.runtime.store import DEFAULT_MODEL

DEFAULT_WHOLE: Final = 300
DEFAULT_WINDOW: Final = 120
MAX_EXPANDED: Final = 2_000
"""Longest RNA, in nucleotides, for which `ScanOptions.expand` works; such an RNA takes half a gigabyte."""
MAX_FOLDED: Final = 3_000
"""Most nucleotides that are folded at once, for substitutions far apart too; it takes a minute."""
MIN_WINDOW: Final = 20
IN_NO_EXON: Final = "in no exon of a transcript"
NO_ALTERNATIVE: Final = "no alternative allele"
NO_SUBSTITUTION: Final = "no substitution; insertions and deletions are not supported"
NO_FAILURES: Final = (IN_NO_EXON, NO_ALTERNATIVE, NO_SUBSTITUTION)
"""Reasons for rows without values that are not counted as failures, because most files have such records:
variants that are intergenic or intronic, sites of a VCF where nothing differs, and other kinds of alleles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How to compute the effects of variants.

    Raises:
        UsageError: a number out of range.
    """

    model: str | Path | None = DEFAULT_MODEL
    """Masked language model; without it (None) there is no `llr`."""
    whole: int = DEFAULT_WHOLE
    """RNAs of up to this many nucleotides are folded as a whole for every variant."""
    window: int = DEFAULT_WINDOW
    """Of longer RNAs, this many nucleotides around the variant are folded (`folding.site_window`)."""
    expand: bool = True
    """Compute the ensemble energy of single substitutions from the whole RNA even where only a window is
    folded (`folding.substitutions`); for RNAs of up to `MAX_EXPANDED` nucleotides."""
    context: int = MASKED_CONTEXT
    """The language model reads at most this many nucleotides around the variant."""
    confidence: bool = True
    """Add what `mprna fold` says of the site, for RNAs of up to `scan_structure.MAX_REFERENCE_LENGTH` nt."""
    max_length: int = DEFAULT_MAX_LENGTH
    """Longer RNAs are not scanned."""

    def __post_init__(self) -> None:
        _check("whole", self.whole, 0, MAX_FOLDED)
        _check("window", self.window, MIN_WINDOW, MAX_FOLDED)
        _check("context", self.context, 2)
        _check("max_length", self.max_length, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantEffect:
    """The effect of one variant, or the reason why it is not known. Positions are 1-based."""

    name: str
    """Name of the RNA."""
    variant: str
    """As `A24G`, substitutions joined by `+`; as it was given where it cannot be read."""
    position: int | None = None
    """Position of the first substitution."""
    ref: str | None = None
    """Nucleotides of the reference, one per substitution."""
    alt: str | None = None
    llr: float | None = None
    """log p(alt) - log p(ref) of the masked language model with the site masked, nats; summed over
    substitutions, each masked alone. Below 0 the model expects the reference."""
    delta_ensemble_energy: float | None = None
    """Change of the free energy of the ensemble, kcal/mol; above 0 the structures become less stable. Of the
    whole RNA or of the window, see `energy_of`."""
    delta_mfe: float | None = None
    """Change of the minimum free energy, kcal/mol."""
    pair_distance: float | None = None
    """Sum over all pairs of the absolute change of their probability."""
    unpaired_distance: float | None = None
    """Sum over all nucleotides of the absolute change of their probability to be unpaired."""
    helices_lost: tuple[str, ...] | None = None
    """Helices that are much less probable in the mutant, as `3-9:24-30` (`folding.change`)."""
    helices_gained: tuple[str, ...] | None = None
    unpaired: float | None = None
    """Probability that the site is unpaired in the reference; the mean over substitutions."""
    partner: int | None = None
    """The partner of the first site in the reference as `mprna fold` predicts it; 0 is unpaired."""
    confidence: float | None = None
    """Calibrated probability that this is right."""
    window: str | None = None
    """The part of the RNA, `first-last`, that was folded for everything but the ensemble energy."""
    energy_of: str | None = None
    """The part of the RNA, `first-last`, whose ensemble energy changes by `delta_ensemble_energy`."""
    given: str | None = None
    """The variant as it was given, if it came from a list or a VCF."""
    error: str | None = None


def _check(name: str, value: int, least: int, most: int | None = None) -> None:
    if value < least:
        raise UsageError(f"{name} {value}; expected at least {least}")
    if most is not None and value > most:
        raise UsageError(f"{name} {value}; expected at most {most}")
