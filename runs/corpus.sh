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

# The mixture of runs/mini.sh: plant transcripts, CDS and lncRNAs; ncRNA of all kingdoms; miRNA hairpins; tRNA;
# 5.8S rRNA; yeasts. Left out: animal mRNA, microbial CDS, SSU and LSU rRNA.
inputs=()
for prefix in angiosperms353 prelnc.ath prelnc.osa prelnc.zma rnaplonc crema.ath crbhits wgd ksrates \
    codan mirbase rrna.rfam onekp trna transdecoder.spombe cubar; do
    inputs+=("$data/transcripts/$prefix"*.fa.gz)
done

mkdir -p "$work"
# OpenVaccine rows that are in RGB's mRNA test set.
zcat "$data/openvaccine/train_2099.jsonl.gz" | python -c '
import json, sys
for row in map(json.loads, sys.stdin):
    if row["in_rgb_mrna_test"]:
        print(">" + row["id"], row["sequence"], sep="\n")' > "$work/openvaccine_test.fa"
unwanted=("$data"/rgb/RNA-*/{valid,test}.jsonl.gz "$work/openvaccine_test.fa")

# Amborella, sister to all other flowering plants, is held out.
heldout=Amborella_trichopoda
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
