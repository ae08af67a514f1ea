#!/usr/bin/env bash
# `mini` as it ships: what `runs/mini_more.sh` made, trained further with the ensemble's pair probabilities as labels,
# the second time on nearly all slices of the mixture.
#
#   runs/mini_ensembles.sh DATA WORK START
#
# DATA: the project's data folder. WORK: that of `runs/ensemble_labels.sh`, whose corpora are read; it receives the new
# corpora, the runs and the model. START: `third/model` in the WORK of `runs/mini_more.sh`. Killed at any moment, the
# same command goes on where it was.
set -euo pipefail
data=$1 work=$2 start=$3
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

source "$(dirname "$0")/mixture.sh"
mixture "$data/transcripts"
openvaccine_test "$data" > "$work/openvaccine_test.fa"
unwanted=("$data"/rgb/RNA-*/{valid,test}.jsonl.gz "$work/openvaccine_test.fa")
corpus() { # name, slices, share with labels, seed, options
    mprna corpus build "${inputs[@]}" --out "$work/$1" --slice-length 256 --max-slices "$2" --annotate "$3" --seed "$4" \
        --pair-probs --exclude "${unwanted[@]}" --cache "$work/folds" -j "${JOBS:-2}" "${@:5}"
}
corpus all 400000 0 7 --exclude-species $heldout
corpus heldout256 500 1 4 --only-species $heldout

mprna pretrain --recipe mini_cpu --corpus "$work/plain" "$work/labelled=8" --validation "$work/heldout" \
    --out "$work/fourth" --init "$start" --set num_steps=1400 --set learning_rate=5e-4 \
    --threads "$OMP_NUM_THREADS" --resume
mprna models export "$work/fourth" --out "$work/fourth_model"
torchrun --nproc-per-node 2 -m mprna pretrain --recipe mini_cpu --corpus "$work/all" "$work/labelled=12" \
    --validation "$work/heldout256" --out "$work/fifth" --init "$work/fourth_model" --set num_steps=8000 \
    --set batch_tokens=2048 --set accumulate_batches=2 --set seed=48 --threads "$OMP_NUM_THREADS" --resume
mprna models export "$work/fifth" --out "$work/mini"
