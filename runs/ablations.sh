#!/usr/bin/env bash
# Does structure pretraining help? Five ways of pretraining at equal tokens, fine-tuned and compared.
#
#   runs/ablations.sh DATA WORK [options of runs/ablations.py]
#
# DATA: the project's data folder. WORK receives the corpora (runs/corpus.sh), the runs and `table.md`. Killed at
# any moment, the same command goes on where it was. On two cores, after the corpora are there, start it twice:
# with `--arms random language repair` and with `--arms unfiltered calibrated pairs`.
# docs/pretraining.md says what it costs.
set -euo pipefail
data=$1 work=$2 here=$(dirname "$0")
export OMP_NUM_THREADS=1

UNFILTERED=1 "$here/corpus.sh" "$data" "$work/corpora"
python "$here/ablations.py" "$work/corpora" "$work/ablations" --data-dir "$data" "${@:3}"
