# %% [markdown]
# # Design an RNA and read its certificate
#
# The way back: from a structure to a sequence that folds into it. We design a three-way junction with a fixed sensor sequence in one
# loop, and read what is promised of it.
#
# This page is `docs/tutorials/design.py`. It needs no torch.

# %%
from IPython.display import SVG, display

import mprna
from mprna.draw.svg import draw_structure
from mprna.predict.design import Constraints, DesignOptions, design

target = "((((((..((((((......))))))..(((((....)))))..))))))"
print(len(target), "nt")

# %% [markdown]
# ## What the sequence must contain
#
# One IUPAC code per position: N is free. The loop of six carries GAUACU; runs of four G make synthesis hard and may form
# quadruplexes; no stretch of seven comes twice, and none of six beside the helices could pair with another; the GC share stays moderate.

# %%
loop = target.index("......")
pattern = "N" * loop + "GAUACU" + "N" * (len(target) - loop - 6)
options = DesignOptions(
    constraints=Constraints(
        pattern=pattern,
        min_gc=0.4,
        max_gc=0.6,
        forbidden=("GGGG", "UUUU"),
        max_repeat=6,
        max_inverted_repeat=5,
    ),
    num_solutions=3,
    seed=1,
)
designs = design(target, options)
print(target)
for found in designs:
    print(found.sequence, found.error or "")

# %% [markdown]
# ## The certificate
#
# It is computed from the sequence anew, by ViennaRNA, and not by what searched:
#
# - `mfe_models`: energy parameters under which the target is the structure of minimum free energy. More than one: the design does not
#   hang on one table of numbers.
# - `probability`: share of molecules in exactly this structure, at equilibrium.
# - `ensemble_defect`: share of nucleotides that are in another state, on average. Below 0.05 is good.
# - `longest_repeat`, `longest_inverted_repeat`: nucleotides that occur twice, or with their reverse complement apart from the helices.
# - `robustness`: share of single substitutions that keep the structure.

# %%
for found in designs:
    c = found.certificate
    print(
        f"solution {found.solution}: {c.energy:.1f} kcal/mol, probability {c.probability:.2f}, "
        f"defect {c.ensemble_defect:.3f}, GC {c.gc:.0%}, robustness {c.robustness:.2f}, {len(c.mfe_models)} of 4 models, "
        f"repeats of {c.longest_repeat} and {c.longest_inverted_repeat} nt"
    )

# %% [markdown]
# Take the one with the smallest defect, and ask somebody else. Our network has not taken part in the design; it has learned from natural
# RNAs, to which designs need not be similar:

# %%
best = min(designs, key=lambda found: found.certificate.ensemble_defect)
for engine in ("vienna", "hybrid", "model"):
    record = mprna.fold(best.sequence, mprna.FoldOptions(engine=engine))
    print(
        f"{engine:7} {record.dot_bracket} {'the target' if record.dot_bracket == target else 'another structure'}"
    )

# %%
shown = mprna.fold(
    best.sequence, mprna.FoldOptions(engine="vienna", pair_probs=True)
)
display(SVG(draw_structure(shown, title=f"solution {best.solution}")))

# %% [markdown]
# A certificate is a statement about an energy model, not about a test tube. Order two or three solutions, and probe them.
#
# In the shell: `mprna design targets.txt --gc 0.4 0.6 --forbid GGGG -n 3`. More: [design](../design.md).
