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
        "${exclude[@]}" --ensembles "$work/ensembles.sqlite" --out "$work/$1" "${@:2}"
}
[ -n "${PACK:-}" ] || train tr0 --steps 9000
known+=("$data/rgb/RNA-SSP-Archive2/train.jsonl.gz" "$data"/ssp/*.jsonl.gz)
unlike=("$data"/rgb/RNA-SSP-*/{valid,test}.jsonl.gz)
exclude=(--exclude "${unlike[@]}")
mapped=(--max-length 400 --reactivity "$data"/openvaccine/*.jsonl.gz)
# Many more RNAs without a known structure, by which the network learns thermodynamics itself. Of them 46,752, 16,992
# and 4,248 had been given ensembles when what is shipped was trained.
soft_rnas() { # file, options
    mkdir -p "$(dirname "$1")"
    [ -e "$1" ] || python "$here/soft_rnas.py" "$data"/transcripts/*.fa.gz --exclude "${unlike[@]}" --out "$@"
}
soft_rnas "$work/soft_rnas/soft.fa" --num 60000
soft_rnas "$work/soft_rnas/more.fa" --num 80000 --seed 1
soft_rnas "$work/long_rnas/long.fa" --num 14000 --seed 2 --lengths 180 400 --rods
if [ -n "${PACK:-}" ]; then
    known+=("$work"/{soft,long}_rnas/*.fa)
    train all "${mapped[@]}" --pack "$PACK"
    exit
fi
train first --init "$work/tr0/model" --steps 4500 --peak-rate 5e-4 --max-length 400
train second --init "$work/first/model" --steps 20000 --peak-rate 8e-4 --max-length 400 --seed 1 \
    --bfloat16 --temperature 1.15
train third --init "$work/second/model" --steps 15000 --peak-rate 8e-4 --seed 2 "${mapped[@]}" --bfloat16 \
    --temperature 1.2
known+=("$work/soft_rnas/soft.fa")
train thermodynamics --init "$work/third/model" --steps 12000 --peak-rate 8e-4 --seed 3 "${mapped[@]}" --bfloat16
train fourth --init "$work/third/model" "$work/thermodynamics/model" --steps 5800 --peak-rate 7e-4 --seed 4 \
    "${mapped[@]}" --bfloat16 --times RNA-SSP-bpRNA=4 RNA-SSP-Archive2=4 ssp=4 soft=4 mapped=4
train mean --init "$work/third/model" "$work/fourth/model" --steps 0 "${mapped[@]}" --temperature 1.1  # chosen on VL0
# All stages above were made with a prior of Turner 2004 and Langdon 2018, these with that of `mprna.folding.prior`.
train fifth --init "$work/mean/model" --steps 9000 --peak-rate 8e-4 --seed 5 "${mapped[@]}" --bfloat16
train sixth --init "$work/mean/model" "$work/fifth/model" --steps 5000 --peak-rate 7e-4 --seed 6 \
    "${mapped[@]}" --bfloat16 --times RNA-SSP-bpRNA=4 RNA-SSP-Archive2=4 ssp=4 soft=4 mapped=4
train second_mean --init "$work/mean/model" "$work/sixth/model" --steps 0 "${mapped[@]}"
# Longer RNAs without a known structure, without which the network leaves most pairs out of a piece of a transcript.
known+=("$work/soft_rnas/more.fa" "$work/long_rnas/long.fa")
train seventh --init "$work/second_mean/model" --steps 6000 --peak-rate 8e-4 --seed 8 "${mapped[@]}" --bfloat16 \
    --times long_rnas=6
train eighth --init "$work/seventh/model" --steps 4000 --peak-rate 7e-4 --seed 9 "${mapped[@]}" --bfloat16 \
    --times RNA-SSP-bpRNA=4 RNA-SSP-Archive2=4 ssp=4 soft=4 mapped=4 long_rnas=4
train ninth --init "$work/eighth/model" --steps 4500 --peak-rate 7e-4 --seed 10 "${mapped[@]}" --bfloat16 \
    --times RNA-SSP-bpRNA=6 RNA-SSP-Archive2=6 ssp=6 soft=4 mapped=4 long_rnas=8
train all --init "$work/second_mean/model" "$work/ninth/model" --steps 0 "${mapped[@]}" --temperature 1.15 \
    --alone-scale 1.15  # both chosen on VL0, the second on the validation splits of Archive2 and RNAStrAlign too
