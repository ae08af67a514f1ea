#!/usr/bin/env bash
# The pair network: known structures, chemical mapping and ViennaRNA's ensembles -> a model for `mprna fold --model`.
#
#   runs/hybrid_fold.sh DATA WORK
#
# DATA: the project's data folder with rgb/, ssp/, transcripts/ and openvaccine/. WORK receives the corpus, the checkpoints
# and the models. Killed at any moment, the same command goes on where it was. WORK/tr0/model has seen the known
# structures of bpRNA's training split (TR0) only: it is the one to compare on TS0. WORK/all/model goes on from
# there with every known structure that is not like one of RGB's validation and test sets: it is the one to use.
#
#   PACK=FILE runs/hybrid_fold.sh DATA WORK    writes what `all` learns from into FILE, and stops: `--packed FILE`
#                                              trains from it where there is a GPU (docs/reproducing.md)
set -euo pipefail
data=$1 work=$2
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
here=$(dirname "$0")
bprna="$data/rgb/RNA-SSP-bpRNA"

# Transcripts without a known structure, whose ensembles are to be found without a prior.
soft=()
for prefix in codan.ncrna mirbase rrna.rfam trna crema.ath prelnc.ath.lnc; do
    soft+=("$data/transcripts/$prefix"*.fa.gz)
done
[ -e "$work/soft/manifest.json" ] || mprna corpus build "${soft[@]}" --out "$work/soft" --slice-length 160 \
    --max-slices 12000 --annotate 0 --exclude "$data"/rgb/RNA-SSP-*/{valid,test}.jsonl.gz --seed 3 -j 2

known=("$bprna/train.jsonl.gz") exclude=()
train() { # name, options
    python "$here/hybrid_fold.py" "${known[@]}" "$work"/soft/*.parquet --valid "$bprna/valid.jsonl.gz" \
        "${exclude[@]}" --out "$work/$1" "${@:2}"
}
[ -n "${PACK:-}" ] || train tr0 --steps 9000
known+=("$data/rgb/RNA-SSP-Archive2/train.jsonl.gz" "$data"/ssp/*.jsonl.gz)
exclude=(--exclude "$data"/rgb/RNA-SSP-*/{valid,test}.jsonl.gz)
if [ -n "${PACK:-}" ]; then
    train all --max-length 400 --reactivity "$data"/openvaccine/*.jsonl.gz --pack "$PACK"
    exit
fi
train first --init "$work/tr0/model" --steps 4500 --peak-rate 5e-4 --max-length 400
train second --init "$work/first/model" --steps 20000 --peak-rate 8e-4 --max-length 400 --seed 1 \
    --bfloat16 --temperature 1.15
train all --init "$work/second/model" --steps 15000 --peak-rate 8e-4 --max-length 400 --seed 2 \
    --reactivity "$data"/openvaccine/*.jsonl.gz --bfloat16 --temperature 1.2  # chosen on VL0
