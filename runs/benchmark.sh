#!/usr/bin/env bash
# The tables of docs/benchmark.md: RGB with rebuilt training data, four GUE tasks, PGB's promoter strength.
#
#   runs/benchmark.sh DATA WORK MODEL...
#
# DATA: the project's data folder with rgb/, gue/, plant_promoter_strength/, snm_source/ and openvaccine/. WORK
# receives the rebuilt training data, the records and the report. MODEL: names as of `mprna bench list --models`,
# our own with a mode (mini:probe, mini:lora, mini:full, mini:scratch). SEEDS="45" for one seed, SUITES="gue pgb"
# for some of the tables, OPTIONS="--bfloat16 --epochs 3" for more of `mprna bench run`. Killed at any moment, the
# same command goes on where it was.
set -euo pipefail
data=$1 work=$2
shift 2
models=("${@/#/--model=}")
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

# Published files as links, the rebuilt ones beside them.
mkdir -p "$work/rgb"
cp -rsn "$(realpath "$data/rgb")"/. "$work/rgb"
mprna bench rebuild snmd --source "$data/snm_source/arabidopsis_transcripts_minus_heldout.fa.gz" --data-dir "$work/rgb"
mprna bench rebuild mrna --source "$data/openvaccine/train_2099.jsonl.gz" --data-dir "$work/rgb"

# Tasks of GUE by the size of their training set, small ones first; nothing else chose them.
declare -A tasks=([rgb]="snmd snmr mrna" [gue]="mouse.2 mouse.3 prom_core_tata prom_300_tata" [pgb]="promoter_strength")
declare -A folders=([rgb]="$work/rgb" [gue]="$data/gue" [pgb]="$data/plant_promoter_strength")
for suite in ${SUITES:-rgb gue pgb}; do
    read -ra names <<< "${tasks[$suite]}"
    # shellcheck disable=SC2086  # seeds are words
    mprna bench run "$suite" "${names[@]/#/--task=}" "${models[@]}" --data-dir "${folders[$suite]}" \
        --out "$work/records" --seeds ${SEEDS:-45 46 47} ${OPTIONS:-}
done
mprna bench report "$work/records" -o "$work/report.md"
mprna bench report "$work/records" -o "$work/report.html" --figure "$work/report.svg"
