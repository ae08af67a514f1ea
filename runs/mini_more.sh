#!/usr/bin/env bash
# Second and third round of `mini`: what `runs/mini.sh` made, trained further on the calibrated corpus.
#
#   runs/mini_more.sh DATA WORK
#
# DATA: the project's data folder; WORK receives the corpora, the runs and the model. Starts from WORK/first,
# the model of `runs/mini.sh`. Killed at any moment, the same command goes on where it was.
set -euo pipefail
data=$1 work=$2
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

"$(dirname "$0")/corpus.sh" "$data" "$work"
further() { # run, start, steps, seed
    mprna pretrain --recipe mini_cpu --corpus "$work/corpus" "$work/labelled=16" --validation "$work/heldout" \
        --out "$work/$1" --init "$2" --set num_steps="$3" --set learning_rate=5e-4 --set seed="$4" \
        --threads "$OMP_NUM_THREADS" --resume
}
further second "$work/first" 2000 46
further third "$work/second/model" 4000 47
mprna models export "$work/third" --out "$work/mini"
