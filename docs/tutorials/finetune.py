# %% [markdown]
# # Fine-tune on your own table
#
# You have sequences and a measurement of each. Here the table is made up, so that the answer is known: 5' leaders with or
# without a stable hairpin, and an "expression" that falls with the hairpin's stability, plus noise. With a CSV of your own, begin at
# "Fine-tune".
#
# Needs `pip install '.[train]'`. This page is `docs/tutorials/finetune.py`.

# %%
import csv
import random
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from IPython.display import SVG, display

import mprna

work = Path(tempfile.mkdtemp())
rng = random.Random(1)
PAIR = {"A": "U", "C": "G", "G": "C", "U": "A"}


def leader():
    """40 nt: random, or with a hairpin of 4 to 8 pairs in it."""
    stem = "".join(rng.choices("ACGU", k=rng.choice([0, 4, 6, 8])))
    hairpin = stem + "GAAA" + "".join(PAIR[base] for base in reversed(stem))
    rest = "".join(rng.choices("ACU", k=40 - len(hairpin)))
    return rest[:10] + hairpin + rest[10:]


sequences = sorted({leader() for _ in range(160)})
rng.shuffle(sequences)
energies = [
    record.energy
    for record in mprna.fold(sequences, mprna.FoldOptions(engine="vienna"))
]
expression = [8 + 0.5 * energy + rng.gauss(0, 0.3) for energy in energies]

# %% [markdown]
# ## Three tables
#
# The model learns from one table, is chosen on the second, and is judged on the third, which neither of the two has seen. With
# real data, put relatives (the same gene, near copies) into the same table, or the judgement is too kind.

# %%
rows = [
    {"sequence": s, "expression": f"{y:.3f}"}
    for s, y in zip(sequences, expression, strict=True)
]
cuts = {"train": rows[:100], "valid": rows[100:130], "test": rows[130:]}
for name, part in cuts.items():
    with (work / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["sequence", "expression"])
        writer.writeheader()
        writer.writerows(part)
print((work / "train.csv").read_text()[:150])

# %% [markdown]
# ## Fine-tune


# %%
def sh(command):
    """A command as you would type it, and what it prints."""
    print("$", command)
    program = [
        sys.executable,
        "-m",
        *shlex.split(command.replace("$WORK", str(work))),
    ]
    print(
        subprocess.run(
            program, check=True, capture_output=True, text=True
        ).stdout.replace(str(work), "$WORK")
    )


sh(
    "mprna finetune --task sequence_regression --label expression --data $WORK/train.csv $WORK/valid.csv "
    "--out $WORK/run --epochs 4 --batch-size 8 --learning-rate 3e-4 -j 1"
)

# %% [markdown]
# ## Read the report

# %%
sh("mprna runs show $WORK/run --draw $WORK/curves.svg")
display(SVG(str(work / "curves.svg")))

# %% [markdown]
# MCRMSE is the root of the mean squared error, in your own units. Best is a curve that falls and then lies flat; if that of validation rises
# while that of training falls, the table is too small for all weights: try `--mode head` or `--mode lora`.
#
# ## Judge it on the third table

# %%
with (work / "test.fa").open("w") as file:
    file.writelines(
        f">leader_{i}\n{row['sequence']}\n" for i, row in enumerate(cuts["test"])
    )
sh("mprna predict $WORK/run/model $WORK/test.fa -o $WORK/predicted.tsv")
with (work / "predicted.tsv").open(newline="") as file:
    table = list(csv.DictReader(file, delimiter="\t"))
print(*table[0], sep="\t")

# %%
measured = np.array([float(row["expression"]) for row in cuts["test"]])
predicted = np.array([float(row["expression"]) for row in table])
error = np.sqrt(np.mean((predicted - measured) ** 2))
mean_of_train = np.mean([float(row["expression"]) for row in cuts["train"]])
baseline = np.sqrt(np.mean((mean_of_train - measured) ** 2))
print(
    f"error {error:.2f}; of the training table's mean {baseline:.2f}; correlation {np.corrcoef(predicted, measured)[0, 1]:.2f}"
)

# %% [markdown]
# Always write the baseline beside it. With tables of real data also try `mprna bench run --model kmer`: regression on k-mer counts
# beats large models more often than papers tell ([benchmark](../benchmark.md)).
#
# `$WORK/run/model` is a model directory with a card that holds these numbers of validation: copy it, share it, `mprna predict` it.
# More: [fine-tuning](../finetuning.md).
