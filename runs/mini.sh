#!/usr/bin/env bash
# The shipped `mini`: from FASTA files of transcripts to a model directory, on one or two CPU cores.
#
#   runs/mini.sh TRANSCRIPTS WORK [steps] [more steps]
#
# TRANSCRIPTS holds the .fa.gz files named below, headers `>id|species|type`; WORK receives the corpora, the
# run and the model. Killed at any moment, the same command goes on where it was.
set -euo pipefail
transcripts=$1 work=$2 steps=${3:-2750} more_steps=${4:-2200}
bfloat16=$(grep -q -m 1 avx512 /proc/cpuinfo && echo true || echo false) # without AVX-512 it is slower than float32
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

# Plant transcripts, CDS and lncRNAs; ncRNA of all kingdoms; miRNA hairpins; tRNA; 5.8S rRNA; yeasts.
# Left out: animal mRNA, microbial CDS, and SSU and LSU rRNA, which are 64 % of all nucleotides.
inputs=()
for prefix in angiosperms353 prelnc.ath prelnc.osa prelnc.zma rnaplonc crema.ath crbhits wgd ksrates \
    codan mirbase rrna.rfam onekp trna transdecoder.spombe cubar; do
    inputs+=("$transcripts/$prefix"*.fa.gz)
done

# Folding costs about L^2.5: structure is taught on 160 nt, the language mostly on 256 nt.
# Amborella, sister to all other flowering plants, is held out.
heldout=Amborella_trichopoda
mprna corpus build "${inputs[@]}" --out "$work/heldout" --slice-length 160 --max-slices 800 \
    --annotate 1.0 --only-species $heldout --seed 1 -j 2
mprna corpus build "${inputs[@]}" --out "$work/train160" --slice-length 160 --max-slices 32000 \
    --annotate 1.0 --exclude-species $heldout --seed 1 -j 2
mprna corpus build "${inputs[@]}" --out "$work/train256" --slice-length 256 --max-slices 40000 \
    --annotate 0.05 --exclude-species $heldout --seed 2 -j 2

mprna pretrain --recipe mini_cpu --corpus "$work/train160" "$work/train256" --validation "$work/heldout" \
    --out "$work/run1" --set num_steps="$steps" --threads "$OMP_NUM_THREADS" --resume
mprna models export "$work/run1" --out "$work/mini1"

# The second piece: other samples of the same transcripts, the weights of the first, a new schedule.
mprna corpus build "${inputs[@]}" --out "$work/more160" --slice-length 160 --max-slices 12000 \
    --annotate 1.0 --exclude-species $heldout --seed 3 -j 2
mprna corpus build "${inputs[@]}" --out "$work/more256" --slice-length 256 --max-slices 18000 \
    --annotate 0.0 --exclude-species $heldout --seed 4 -j 2
mprna pretrain --recipe mini_cpu --init "$work/mini1" --corpus "$work/more160" "$work/more256" \
    --validation "$work/heldout" --out "$work/run2" --set num_steps="$more_steps" --set learning_rate=5e-4 \
    --set seed=46 --set bfloat16="$bfloat16" --threads "$OMP_NUM_THREADS" --resume
mprna models export "$work/run2" --out "$work/mini"
