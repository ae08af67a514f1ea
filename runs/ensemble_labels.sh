#!/usr/bin/env bash
# What pair probabilities teach that one structure does not: a small network pretrained twice, alike but for the labels
# of its partner objective, and both asked for the structures of VL0, of which neither has seen one.
#
#   runs/ensemble_labels.sh DATA WORK
#
# DATA: the project's data folder with transcripts/ and rgb/. WORK receives the corpora, the runs, the structures and
# `vl0.md`. Killed at any moment, the same command goes on where it was.
set -euo pipefail
data=$1 work=$2 here=$(dirname "$0")
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

# Slices of 160 nt, of which 10,000 have both kinds of labels.
source "$here/mixture.sh"
mixture "$data/transcripts"
corpus() { # name, slices, share with labels, seed, options
    mprna corpus build "${inputs[@]}" --out "$work/$1" --slice-length 160 --max-slices "$2" --annotate "$3" --seed "$4" \
        --pair-probs --exclude "$data"/rgb/RNA-*/{valid,test}.jsonl.gz --cache "$work/folds" -j "${JOBS:-2}" "${@:5}"
}
mkdir -p "$work"
corpus labelled 10000 1 5 --exclude-species $heldout
corpus heldout 300 1 5 --only-species $heldout
corpus plain 60000 0 6 --exclude-species $heldout

valid="$data/rgb/RNA-SSP-bpRNA/valid.jsonl.gz"
for ensembles in true false; do
    run="$work/ensembles_$ensembles"
    mprna pretrain --recipe mini_cpu --set preset=micro --set num_steps=2000 --set objectives.ensembles=$ensembles \
        --corpus "$work/plain" "$work/labelled=8" --validation "$work/heldout" --out "$run" \
        --threads "$OMP_NUM_THREADS" --resume
    mprna fold "$valid" --engine model --model "$run/model" --format jsonl -o "$run.jsonl"
done
python "$here/../benchmarks/accuracy.py" "$valid" "$work"/ensembles_{true,false}.jsonl > "$work/vl0.md"
