# %% [markdown]
# # Scan a 5' UTR for variants that change its structure
#
# The 5' UTR of human ferritin light chain folds into an iron-responsive element. Substitutions in it cause hereditary
# hyperferritinaemia-cataract syndrome, because proteins that regulate iron no longer bind. We scan every substitution of the UTR, and
# then ask about those that patients have.
#
# This page is `docs/tutorials/scan.py`. It needs no torch.

# %%
from pathlib import Path

from IPython.display import SVG, display

import mprna
from mprna.draw.heatmap import HeatMap, HeatMapPanel, heatmaps_svg
from mprna.draw.svg import draw_structure
from mprna.io.formats import read_records
from mprna.io.variants import read_variants
from mprna.predict.scan import scan
from mprna.predict.scan_maps import effect_maps

here = Path.cwd()
root = next(p for p in (here, *here.parents) if (p / "examples").is_dir())
(utr,) = read_records(root / "examples" / "ftl_utr.fa")
folded = mprna.fold(utr, mprna.FoldOptions(pair_probs=True))
print(len(utr.sequence), "nt, confidence", round(folded.confidence, 2))
display(SVG(draw_structure(folded)))

# %% [markdown]
# ## All substitutions
#
# For each one: how much less stable the ensemble of structures becomes (kcal/mol), how far pair probabilities move, and how surprised
# a language model is.

# %%
effects = scan(utr.sequence)
worst = sorted(effects, key=lambda effect: -effect.delta_ensemble_energy)[:5]
for effect in worst:
    print(
        f"{effect.variant:6} {effect.delta_ensemble_energy:+.2f} kcal/mol  lost: {', '.join(effect.helices_lost)}"
    )

# %%
(found,) = effect_maps(effects)
stability = HeatMap(
    title="ΔG ensemble, kcal/mol",
    values=found.values["delta_ensemble_energy"],
    low_is="more stable",
    high_is="less",
)
panel = HeatMapPanel(title="FTL 5' UTR", sequence=found.sequence, maps=[stability])
display(SVG(heatmaps_svg([panel])))

# %% [markdown]
# The element between 18 and 62 stands out. A second helix further down does as well: a scan says what a structure would suffer,
# not what a cell would notice.
#
# ## The variants of patients

# %%
listed = read_variants(root / "examples" / "ftl_variants.tsv")
known = scan(utr.sequence, [variant.text for variant in listed])
ranks = sorted(abs(effect.delta_ensemble_energy) for effect in effects)
for effect in known:
    smaller = sum(change < abs(effect.delta_ensemble_energy) for change in ranks)
    print(
        f"{effect.variant:6} {effect.delta_ensemble_energy:+.2f} kcal/mol, more than {smaller / len(ranks):.0%} of all substitutions"
    )

# %% [markdown]
# Those in the loop and the upper stem cost 2 to 3 kcal/mol. Others cost nothing, and are harmful all the same: they touch the protein and
# not the structure. So read a scan as an explanation that may or may not apply, never as a verdict on a variant.
#
# In the shell: `mprna scan examples/ftl_utr.fa --figure effects.svg`; with `--vcf`, on a genome. More: [effects of variants](../scan.md).
