#!/usr/bin/env bash
# How far the numbers of mprna fold can be trusted: figure and tables of docs/confidence.md, or of another model.
#
#   runs/confidence.sh RGB WORK [model]
#
# RGB holds RNA-SSP-bpRNA; every fifth RNA of its validation split is folded, 260 in all. MODEL is a name or a
# directory, whose figure is WORK/confidence.svg and whose tables are printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rgb=$1 work=$2 model=${3:-pair-fold} jobs=${JOBS:-2}
mkdir -p "$work"
gzip -dc "$rgb/RNA-SSP-bpRNA/valid.jsonl.gz" | awk 'NR % 5 == 1' > "$work/truth.jsonl"
python benchmarks/accuracy.py "$work/truth.jsonl" --fasta > "$work/rnas.fa"
for engine in hybrid model vienna; do
    mprna fold "$work/rnas.fa" -p --engine $engine --model "$model" -j "$jobs" -o "$work/$engine.jsonl"
done
output=(--figure "$work/confidence.svg")
[ "$model" != pair-fold ] || output=(--figure docs/images/confidence.svg --page docs/confidence.md)
python benchmarks/confidence.py "$work/truth.jsonl" "$work"/{hybrid,model,vienna}.jsonl "${output[@]}"
