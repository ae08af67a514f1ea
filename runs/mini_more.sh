#!/usr/bin/env bash
# `mini` trained further, on the calibrated corpus (docs/experiments.md says what 2,000 steps brought).
#
#   runs/mini_more.sh DATA WORK [steps]
#
# DATA: the project's data folder; WORK receives the corpora, the run and the model. Killed at any moment, the
# same command goes on where it was.
set -euo pipefail
data=$1 work=$2 steps=${3:-2000}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

"$(dirname "$0")/corpus.sh" "$data" "$work"
mprna pretrain --recipe mini_cpu --corpus "$work/corpus" "$work/labelled=16" --validation "$work/heldout" \
    --out "$work/run" --init mini --set num_steps="$steps" --set learning_rate=5e-4 --set seed=46 \
    --threads "$OMP_NUM_THREADS" --resume
mprna models export "$work/run" --out "$work/mini"
