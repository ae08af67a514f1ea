#!/usr/bin/env bash
# The pair network: known structures and ViennaRNA's ensembles -> a model for `mprna fold --model`.
#
#   runs/hybrid_fold.sh DATA WORK [steps] [more_steps]
#
# DATA: the project's data folder with rgb/, ssp/ and transcripts/. WORK receives the corpora, the checkpoints
# and the models. Killed at any moment, the same command goes on where it was. WORK/tr0/model has seen the known
# structures of bpRNA's training split (TR0) only: it is the one to compare on TS0. WORK/all/model goes on from
# there with every known structure that is not like one of RGB's validation and test sets: it is the one to use.
set -euo pipefail
data=$1 work=$2 steps=${3:-9000} more_steps=${4:-4500}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
here=$(dirname "$0")
bprna="$data/rgb/RNA-SSP-bpRNA"

# Transcripts without a known structure, whose ensembles are to be found without a prior.
soft=()
for prefix in codan.ncrna mirbase rrna.rfam trna crema.ath prelnc.ath.lnc; do
    soft+=("$data/transcripts/$prefix"*.fa.gz)
done
[ -e "$work/soft/manifest.json" ] || mprna corpus build "${soft[@]}" --out "$work/soft" --slice-length 128 \
    --max-slices 8000 --annotate 0 --exclude "$data"/rgb/RNA-SSP-*/{valid,test}.jsonl.gz --seed 3 -j 2

python "$here/hybrid_fold.py" "$bprna/train.jsonl.gz" "$work"/soft/*.parquet --valid "$bprna/valid.jsonl.gz" \
    --out "$work/tr0" --steps "$steps"
python "$here/hybrid_fold.py" "$bprna/train.jsonl.gz" "$data/rgb/RNA-SSP-Archive2/train.jsonl.gz" \
    "$data"/ssp/*.jsonl.gz "$work"/soft/*.parquet --exclude "$data"/rgb/RNA-SSP-*/{valid,test}.jsonl.gz \
    --valid "$bprna/valid.jsonl.gz" --out "$work/all" \
    --init "$work/tr0/model" --peak-rate 5e-4 --max-length 400 --steps "$more_steps"
