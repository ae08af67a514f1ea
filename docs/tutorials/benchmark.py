# %% [markdown]
# # Add a model to the RGB table
#
# You have a model that predicts structures, and want to see it beside ours with intervals and a paired test. Two ways: a directory of
# our kind or of `transformers` needs no code (`mprna bench run rgb --model DIR`); anything else is a class with two methods, as here.
#
# This page is `docs/tutorials/benchmark.py`. RGB itself must be downloaded by you ([benchmark](../benchmark.md)); so that this page runs
# anywhere, 21 example RNAs stand in for its test file. The numbers below are therefore **not** RGB's.

# %%
import json
import tempfile
from pathlib import Path

from mprna.bench.models.registry import MODELS, ModelOptions
from mprna.bench.report import render
from mprna.bench.runner import run_all
from mprna.bench.suite import choose_tasks
from mprna.bench.table import build_table
from mprna.io.formats import read_records
from mprna.rna.canonical import check_structure

here = Path.cwd()
root = next(p for p in (here, *here.parents) if (p / "examples").is_dir())
EXAMPLES = root / "examples"
work = Path(tempfile.mkdtemp())

# %% [markdown]
# ## The data
#
# One JSON object per line, in the folder that RGB has: `RNA-SSP-Archive2/test.json`. Pairs that cross are left out of RGB's labels.

# %%
folder = work / "data" / "RNA-SSP-Archive2"
folder.mkdir(parents=True)
with (folder / "test.json").open("w") as file:
    for record in read_records(EXAMPLES / "rnas.dbn"):
        label = "".join(
            symbol if symbol in "()" else "." for symbol in record.dot_bracket
        )
        file.write(json.dumps({"seq": record.sequence, "label": label}) + "\n")

# %% [markdown]
# ## The model
#
# Ours is older than most readers: the longest perfect hairpin, and nothing else. `types` says which tasks it can do, `trains`
# whether it wants the training split, `is_seeded` whether other seeds give other answers, `predict` gives one dot-bracket per sequence.

# %%
PAIRS = {"AU", "UA", "GC", "CG", "GU", "UG"}


class LongestHairpin:
    """The longest helix that closes a loop of at least three; without bulges."""

    types = ("structure",)
    trains = False
    is_seeded = False

    def __init__(self):
        self.choices = {}
        self.num_failed = 0
        self.num_truncated = 0

    def fit(self, task, train, valid, seed):
        """Nothing to learn."""

    def predict(self, task, sequences):
        """One dot-bracket per sequence."""
        return [self.fold(sequence) for sequence in sequences]

    def fold(self, sequence):
        """Grow a helix outwards from every possible loop."""
        length, best = len(sequence), (0, 0, 0)
        for i in range(length):
            for j in range(i + 4, min(length, i + 10)):
                pairs = 0
                while (
                    i - pairs >= 0
                    and j + pairs < length
                    and sequence[i - pairs] + sequence[j + pairs] in PAIRS
                ):
                    pairs += 1
                best = max(best, (pairs, i, j))
        pairs, i, j = best
        symbols = ["."] * length
        for k in range(pairs):
            symbols[i - k], symbols[j + k] = "(", ")"
        return "".join(symbols)


hairpin = LongestHairpin().fold("AAGGGGAAAACCCCAA")
check_structure("AAGGGGAAAACCCCAA", hairpin)
print(hairpin)

# %% [markdown]
# ## Into the table
#
# `MODELS` maps a name to what makes the model. Add yours, and run it beside two others. Every run leaves one JSON record with the numbers of
# every test item; what is finished is not run again.

# %%
MODELS["longest-hairpin"] = lambda task, options: LongestHairpin()
tasks = choose_tasks("rgb", ("ssp-archive2",))
models = ["longest-hairpin", "vienna", "pair-fold"]
outcomes = list(
    run_all(tasks, models, (45,), work / "data", work / "records", ModelOptions())
)
for outcome in outcomes:
    print(outcome.model, outcome.reason or "done")

# %% [markdown]
# ## Read it
#
# The column 95 % has intervals over the RNAs. They are wide: 21 RNAs cannot tell much apart, and the table says so itself. The note says that
# this test file is not the one that RGB describes.

# %%
table = build_table([outcome.record for outcome in outcomes if outcome.record])
print(render(table, "markdown", title="Not RGB: 21 example RNAs", published=False))

# %% [markdown]
# To keep the model, put the class into `src/mprna/bench/models/longest_hairpin.py` and the entry into `MODELS`
# (`models/registry.py`); then the command line knows it:
#
# ```sh
# mprna bench run rgb --model longest-hairpin --data-dir data/rgb
# mprna bench report bench/ -o report.html
# ```
#
# Before you publish a number, run `mprna bench audit rgb --data-dir data/rgb`: of the 285 test RNAs of SSP-Archive2, 58 stand in its
# training split.
