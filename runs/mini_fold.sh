#!/usr/bin/env bash
# `mini-fold`, which `mprna fold` used before `pair-fold`: `mini` fine-tuned on the known structures of bpRNA's
# training split (TR0).
#
#   runs/mini_fold.sh RGB WORK [steps]
#
# RGB holds RNA-SSP-bpRNA/{train,valid}.jsonl.gz; WORK receives the corpora, the run and the model. Killed at any
# moment, the same command goes on where it was.
set -euo pipefail
rgb=$1 work=$2 steps=${3:-700}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

# Up to 300 nt: the time of a step grows with the longest RNA, and TR0 has few that are longer.
for split in train valid; do
    [ -e "$work/bprna_$split/manifest.json" ] || mprna corpus known "$rgb/RNA-SSP-bpRNA/$split.jsonl.gz" \
        --out "$work/bprna_$split" --max-length 300
done
mprna pretrain --recipe mini_fold --init mini --corpus "$work/bprna_train" --validation "$work/bprna_valid" \
    --out "$work/run_fold" --set num_steps="$steps" --threads "$OMP_NUM_THREADS" --resume
mprna models export "$work/run_fold" --out "$work/mini-fold"
