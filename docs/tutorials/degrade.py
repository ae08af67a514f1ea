# %% [markdown]
# # Rank mRNA designs by degradation
#
# A protein can be written as RNA in astronomically many ways, and they do not live equally long. Here are three ways to write the
# first 60 amino acids of GFP; which would you order?
#
# This page is `docs/tutorials/degrade.py`. It needs no torch.

# %%
from pathlib import Path

import numpy as np
from IPython.display import SVG, display

from mprna.draw.tracks import Track, tracks_svg
from mprna.io.formats import read_records
from mprna.predict.degrade import degrade_records, ranked
from mprna.runtime.degradation_engine import TARGETS

here = Path.cwd()
root = next(p for p in (here, *here.parents) if (p / "examples").is_dir())
EXAMPLES = root / "examples"
candidates = list(read_records(EXAMPLES / "candidates.fa"))
for record in candidates:
    gc = sum(record.sequence.count(base) for base in "GC") / len(record.sequence)
    print(f"{record.name:15} {len(record.sequence)} nt, GC {gc:.0%}")

# %% [markdown]
# ## The ranking
#
# The score is the predicted degradation at 50 °C with Mg2+, summed over the molecule: lower lives longer. Beside it is the expected
# error. Two candidates whose scores differ by less than their errors are not told apart.

# %%
results = ranked(degrade_records(candidates))
for rank, result in enumerate(results, start=1):
    print(f"{rank}  {result.name:15} {result.score:6.1f} ± {result.score_sd:.1f}")

# %% [markdown]
# ## Where it breaks

# %%
column = TARGETS.index("deg_Mg_50C")
tracks = [
    Track(title=r.name, values=r.mean[:, column], errors=r.sd[:, column])
    for r in results
]
display(SVG(tracks_svg(tracks, quantity="deg_Mg_50C")))

# %% [markdown]
# Peaks are loops: an unpaired nucleotide can bend into the geometry in which its 2'-OH attacks the backbone. Paired stretches are flat.

# %%
best = results[0]
worst_places = np.argsort(best.mean[:, column])[::-1][:5]
print(
    "most fragile nucleotides of the best candidate:",
    sorted(int(i) + 1 for i in worst_places),
)

# %% [markdown]
# ## What the number is not
#
# It was learned from RNAs of 107 nt, measured in a tube: no ribosomes, no nucleases, no modified nucleotides. Use it to leave out
# the worst candidates, not to pick between the two best. A GC-rich code is not automatically well translated.
#
# In the shell, from any FASTA file: `mprna degrade candidates.fa --rank --figure tracks.svg`. More: [degradation](../degradation.md).
