#!/usr/bin/env bash
# The first round of `mini`: from FASTA files of transcripts to a model directory, on one or two CPU cores.
#
#   runs/mini.sh TRANSCRIPTS WORK [steps]
#
# TRANSCRIPTS holds the .fa.gz files of `runs/mixture.sh`; WORK receives the corpora, the
# run and the model. Killed at any moment, the same command goes on where it was.
set -euo pipefail
transcripts=$1 work=$2 steps=${3:-2750}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

source "$(dirname "$0")/mixture.sh"
mixture "$transcripts"

# Folding costs about L^2.5: structure is taught on 160 nt, the language mostly on 256 nt.
mprna corpus build "${inputs[@]}" --out "$work/heldout" --slice-length 160 --max-slices 800 \
    --annotate 1.0 --only-species $heldout --seed 1 -j 2
mprna corpus build "${inputs[@]}" --out "$work/train160" --slice-length 160 --max-slices 32000 \
    --annotate 1.0 --exclude-species $heldout --seed 1 -j 2
mprna corpus build "${inputs[@]}" --out "$work/train256" --slice-length 256 --max-slices 40000 \
    --annotate 0.05 --exclude-species $heldout --seed 2 -j 2

mprna pretrain --recipe mini_cpu --corpus "$work/train160" "$work/train256" --validation "$work/heldout" \
    --out "$work/run" --set num_steps="$steps" --threads "$OMP_NUM_THREADS" --resume
mprna models export "$work/run" --out "$work/mini"
