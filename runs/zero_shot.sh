#!/usr/bin/env bash
# Zero-shot structure on the RGB test files: ViennaRNA, the network alone, and both together.
#
#   runs/zero_shot.sh RGB WORK [model]
#
# RGB holds RNA-SSP-Archive2, RNA-SSP-bpRNA and RNA-SSP-rnastralign; MODEL is a name or a directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rgb=$1 work=$2 model=${3:-mini} split=${SPLIT:-test} jobs=${JOBS:-2}
mkdir -p "$work"
for set in bpRNA Archive2 rnastralign; do
    truth=$rgb/RNA-SSP-$set/$split.jsonl.gz
    predictions=()
    python benchmarks/accuracy.py "$truth" --fasta > "$work/$set.fa"
    for engine in vienna model hybrid; do
        mkdir -p "$work/$set"
        predictions+=("$work/$set/$engine.jsonl")
        mprna fold "$work/$set.fa" --engine $engine --model "$model" -j "$jobs" -o "$work/$set/$engine.jsonl"
    done
    printf '\n## %s %s\n\n' "$set" "$split"
    python benchmarks/accuracy.py "$truth" "${predictions[@]}"
done
