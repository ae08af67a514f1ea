#!/usr/bin/env bash
# `pair-fold` with the encoder of `mini` beside its own -> WORK/all/model, for `mprna fold --model`. Not what ships:
# better on known families, slower, and no better on new ones (docs/experiments.md).
#
#   runs/pretrained_fold.sh DATA WORK
#
# DATA: as for runs/hybrid_fold.sh, whose network it starts from as it ships. It learns from the same known structures
# and mapped RNAs, and from a quarter as many RNAs without a known structure. Killed at any moment, the same command
# goes on where it was.
set -euo pipefail
data=$1 work=$2
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
here=$(dirname "$0")
bprna="$data/rgb/RNA-SSP-bpRNA"
unlike=("$data"/rgb/RNA-SSP-*/{valid,test}.jsonl.gz)

# By its own head for pairs, the encoder first learns what known structures are.
[ -e "$work/encoder/model/config.json" ] || mprna finetune --task pair_prediction --model mini --sequence seq \
    --data "$bprna/train.jsonl.gz" "$bprna/valid.jsonl.gz" --out "$work/encoder" \
    --epochs 3 --learning-rate 5e-4 --bfloat16 --seed 45 -j 1

soft_rnas() { # file, options
    mkdir -p "$(dirname "$1")"
    [ -e "$1" ] || python "$here/soft_rnas.py" "$data"/transcripts/*.fa.gz --exclude "${unlike[@]}" --out "$@"
}
soft_rnas "$work/soft_rnas/soft.fa" --num 16000 --seed 11
soft_rnas "$work/long_rnas/long.fa" --num 1500 --seed 12 --lengths 180 400 --rods

python "$here/hybrid_fold.py" "$bprna/train.jsonl.gz" "$data/rgb/RNA-SSP-Archive2/train.jsonl.gz" "$data"/ssp/*.jsonl.gz \
    "$work"/{soft,long}_rnas/*.fa --valid "$bprna/valid.jsonl.gz" --exclude "${unlike[@]}" --max-length 400 \
    --reactivity "$data"/openvaccine/*.jsonl.gz --out "$work/all" \
    --init "$here/../src/mprna/weights/pair-fold" --pretrained "$work/encoder/model" --pretrained-rate 0.5 \
    --steps 7914 --peak-rate 6e-4 --seed 31 --bfloat16 --prior-dropout 0.35 --dropout 0.05 \
    --times RNA-SSP-bpRNA=3 RNA-SSP-Archive2=3 ssp=3 --temperature 1.15  # chosen on VL0
