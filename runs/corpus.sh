#!/usr/bin/env bash
# The calibrated pretraining corpus: transcripts -> slices of 256 nt, of which a part has a structure to trust.
# `labelled` has that part alone, to be shown more often.
#
#   runs/corpus.sh DATA WORK [slices] [share to fold]
#
# DATA: the project's data folder with transcripts/, rgb/ and openvaccine/. WORK receives `corpus`, `labelled`,
# `heldout`, and the cache of folds; with UNFILTERED=1 also `unfiltered` and `unfiltered_labelled`, where every fold
# is a label.
# Killed at any moment, the same command goes on where it was.
set -euo pipefail
data=$1 work=$2 slices=${3:-200000} share=${4:-0.06} jobs=${JOBS:-2}

source "$(dirname "$0")/mixture.sh"
mixture "$data/transcripts"

mkdir -p "$work"
openvaccine_test "$data" > "$work/openvaccine_test.fa"
unwanted=("$data"/rgb/RNA-*/{valid,test}.jsonl.gz "$work/openvaccine_test.fa")

mprna corpus build "${inputs[@]}" --out "$work/heldout" --slice-length 256 --max-slices 500 \
    --only-species $heldout --exclude "${unwanted[@]}" --seed 4 -j "$jobs"
kinds=(corpus labelled); [ -z "${UNFILTERED:-}" ] || kinds+=(unfiltered unfiltered_labelled)
for kind in "${kinds[@]}"; do
    which=()
    [[ $kind = unfiltered* ]] || which+=(--min-fidelity 0.4)
    [[ $kind != *labelled ]] || which+=(--labelled-only)
    mprna corpus build "${inputs[@]}" --out "$work/$kind" --slice-length 256 --max-slices "$slices" \
        --annotate "$share" "${which[@]}" --exclude-species $heldout \
        --exclude "${unwanted[@]}" --seed 4 --cache "$work/folds" -j "$jobs"
done
