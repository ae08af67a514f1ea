#!/usr/bin/env bash
# `mini` trained further by two processes that know nothing of each other; the model is the mean of their weights.
#
#   runs/mini_replicas.sh WORK
#
# WORK: that of `runs/mini_ensembles.sh`, whose corpora and `mini` are read; it receives the runs and `mini_replicas`.
# 81 million tokens, about three hours of two idle cores. Killed at any moment, the same command goes on where it was.
set -euo pipefail
work=$1
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

replica() { # seed
    mprna pretrain --recipe mini_cpu --init "$work/mini" --corpus "$work/all" "$work/labelled=12" \
        --validation "$work/heldout256" --out "$work/replica$1" --set num_steps=10400 --set seed="$1" \
        --threads "$OMP_NUM_THREADS" --resume
}
replica 49 &
replica 50
wait $!
python "$(dirname "$0")/mean_model.py" "$work"/replica{49,50}/model --out "$work/mini_replicas"
