#!/usr/bin/env bash
# Everything in a minute, on the bundled RNAs: corpus, pretraining, export, fold.
#
#   runs/smoke.sh [WORK]
#
# tests/train/test_smoke.py holds the run's losses against tests/golden/smoke.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=${1:-build/smoke}
export OMP_NUM_THREADS=1
rm -rf "$work"

mprna corpus build examples/rnas.fa --out "$work/corpus" --slice-length 128 --annotate 1.0
mprna pretrain --recipe smoke --corpus "$work/corpus" --validation "$work/corpus" --out "$work/run" --threads 1
mprna models export "$work/run" --out "$work/nano"
mprna fold --model "$work/nano" examples/rnas.fa
