# %% [markdown]
# # Fold, draw and compare a riboswitch
#
# The SAM-I riboswitch is an RNA of 102 nt that turns a gene off when it binds S-adenosylmethionine. Its structure with the
# ligand is known. We fold it three ways, see who is right where, and draw it.
#
# This page is a Python file, `docs/tutorials/fold.py`: run it with `python`, or open it in Jupyter through jupytext.

# %%
from pathlib import Path

from IPython.display import SVG, display

import mprna
from mprna.draw.svg import draw_structure
from mprna.io.formats import read_records
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket

here = Path.cwd()
root = next(p for p in (here, *here.parents) if (p / "examples").is_dir())
EXAMPLES = root / "examples"
known = next(
    record
    for record in read_records(EXAMPLES / "rnas.dbn")
    if record.name == "SAM_I_riboswitch"
)
print(known.sequence)
print(known.dot_bracket)

# %% [markdown]
# `( )` are pairs; a few stand alone, which energy models punish.
#
# ## Three engines
#
# `vienna` is ViennaRNA's minimum free energy, `model` a network that sees the sequence alone, and `hybrid`, the default, a network that
# reads ViennaRNA's ensembles as well.

# %%
engines = {
    "vienna": mprna.FoldOptions(engine="vienna"),
    "model": mprna.FoldOptions(engine="model"),
    "hybrid": mprna.FoldOptions(engine="hybrid"),
}
folded = {
    name: mprna.fold(known.sequence, options) for name, options in engines.items()
}
print(f"{'known':7} {known.dot_bracket}")
for name, record in folded.items():
    print(f"{name:7} {record.dot_bracket}")

# %% [markdown]
# ## Who is right?
#
# A predicted pair is right if it is a pair of the known structure. Recall is the share of known pairs that were found, precision
# the share of predicted pairs that are known. One RNA says nothing about which engine is better in general: for that
# there are [tables over thousands of RNAs](../experiments.md), and this RNA stands in many training sets, ours not excluded.

# %%
true_pairs = pairs_from_dot_bracket(known.dot_bracket)
for name, record in folded.items():
    score = pair_scores(true_pairs, pairs_from_dot_bracket(record.dot_bracket))
    print(
        f"{name:7} recall {score.recall:.2f}  precision {score.precision:.2f}  energy {record.energy:6.2f} kcal/mol"
    )

# %% [markdown]
# The energies are Turner's of exactly the structures that are printed. ViennaRNA's is the lowest, by definition, and still not
# the best structure: the cell has the ligand, the energy model has not.
#
# ## Draw it
#
# Colours are probabilities: how sure the engine is of each nucleotide's state. Doubtful places are where to look first.

# %%
sure = mprna.fold(known, mprna.FoldOptions(engine="hybrid", pair_probs=True))
display(SVG(draw_structure(sure, title="SAM-I riboswitch, hybrid engine")))

# %%
display(SVG(draw_structure(known, title="SAM-I riboswitch, known structure")))

# %% [markdown]
# ## What you know goes in
#
# Suppose that a probing experiment shows nucleotides 1 to 8 to be unpaired, as in the state without the ligand. A constraint says so,
# and every engine obeys:

# %%
constraint = "x" * 8 + "." * (len(known.sequence) - 8)
off = mprna.fold(known.sequence, constraint=constraint)
print(off.dot_bracket)
assert "(" not in off.dot_bracket[:8]

# %% [markdown]
# The same in the shell:
#
# ```sh
# mprna fold examples/rnas.fa -p --format jsonl -o rnas.jsonl
# mprna draw rnas.jsonl -o pictures/
# ```
#
# Next: [constraints, SHAPE and pseudoknots](../folding.md), [formats](../formats.md).
