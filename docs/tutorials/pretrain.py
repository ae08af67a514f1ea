# %% [markdown]
# # From FASTA to a pretrained model to structures
#
# The whole way in about a minute of one core: sequences become a corpus, the corpus a model, the model folds. The model is the
# smallest preset (`nano`) and sees 24 RNAs, so it learns next to nothing: what you see here is the way, not the result. The same
# commands, with transcripts and the recipe `mini_cpu`, made `mini` ([the corpus](../corpus.md), [the model](../model.md)).
#
# Needs `pip install '.[train]'`. This page is `docs/tutorials/pretrain.py`.

# %%
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from IPython.display import SVG, display

here = Path.cwd()
root = next(p for p in (here, *here.parents) if (p / "examples").is_dir())
EXAMPLES = root / "examples"
work = Path(tempfile.mkdtemp())


def sh(command, lines=None):
    """A command as you would type it, and the first lines of what it prints."""
    print("$", command)
    filled = command.replace("$WORK", str(work)).replace("$EXAMPLES", str(EXAMPLES))
    program = [sys.executable, "-m", *shlex.split(filled)]
    out = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    print(*out.replace(str(work), "$WORK").splitlines()[:lines], sep="\n")


# %% [markdown]
# ## The corpus
#
# Sequences are cleaned, cut into slices, freed of duplicates, folded by ViennaRNA, and written as Parquet. Whatever is left out is
# counted with its reason in `manifest.json`.

# %%
sh(
    "mprna corpus build $EXAMPLES/rnas.fa --out $WORK/corpus --slice-length 128 --annotate 1.0"
)
sh("mprna corpus stats $WORK/corpus --figure $WORK/corpus.svg", lines=5)
display(SVG(str(work / "corpus.svg")))

# %% [markdown]
# ## The model
#
# Four objectives at once: restore masked nucleotides, restore substituted ones, label each nucleotide `(`, `)` or `.`, and name its
# partner. Validation here is the corpus itself, which is right for a test of the pipeline and for nothing else: take slices of a
# species that the model has not seen.

# %%
sh(
    "mprna pretrain --recipe smoke --corpus $WORK/corpus --validation $WORK/corpus --out $WORK/run --threads 1"
)
sh("mprna runs show $WORK/run --draw $WORK/curves.svg")
display(SVG(str(work / "curves.svg")))

# %% [markdown]
# ## Zero-shot structures
#
# "Zero-shot": the model has seen structures by ViennaRNA only, none from an experiment, and is asked for the structure of an RNA.

# %%
sh("mprna models export $WORK/run --out $WORK/nano")
sh(
    "mprna fold --engine model --model $WORK/nano $EXAMPLES/rnas.fa --format jsonl --quiet -o $WORK/folded.jsonl"
)
folded = [
    json.loads(line) for line in (work / "folded.jsonl").read_text().splitlines()
]
print(folded[0]["name"], folded[0]["sequence"], folded[0]["dot_bracket"], sep="\n")

# %%
from mprna.io.formats import read_records
from mprna.rna.scores import token_macro_f1

structures = {row["name"]: row["dot_bracket"] for row in folded}
known = [
    record
    for record in read_records(EXAMPLES / "rnas.dbn")
    if record.name in structures
]
true = [record.dot_bracket for record in known]
print(
    f"nano      {token_macro_f1(true, [structures[record.name] for record in known]):.2f}"
)
print(
    f"all dots  {token_macro_f1(true, ['.' * len(record.sequence) for record in known]):.2f}"
)

# %% [markdown]
# Token macro-F1 over `(`, `)` and `.`; a minute of training is worth about as much as it costs. What transcripts of
# several species and more than an hour give is in [the experiments](../experiments.md).
#
# The same run goes on exactly where it stopped after a crash: `mprna pretrain ... --resume`.
