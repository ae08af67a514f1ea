# What the runs of `mini` read; to be sourced. `mixture TRANSCRIPTS` fills the array `inputs`.
#
# Plant transcripts, CDS and lncRNAs; ncRNA of all kingdoms; miRNA hairpins; tRNA; 5.8S rRNA; yeasts.
# Left out: animal mRNA, microbial CDS, and SSU and LSU rRNA, which are 64 % of all nucleotides.
# Headers are `>id|species|type`.
#
# shellcheck shell=bash disable=SC2034

# Sister to all other flowering plants, and held out.
heldout=Amborella_trichopoda

mixture() {
    local prefix
    inputs=()
    for prefix in angiosperms353 prelnc.ath prelnc.osa prelnc.zma rnaplonc crema.ath crbhits wgd ksrates \
        codan mirbase rrna.rfam onekp trna transdecoder.spombe cubar; do
        inputs+=("$1/$prefix"*.fa.gz)
    done
}

# The RNAs of OpenVaccine's training file that RGB tests on, as FASTA: `openvaccine_test DATA`.
openvaccine_test() {
    zcat "$1/openvaccine/train_2099.jsonl.gz" | python -c '
import json, sys
for row in map(json.loads, sys.stdin):
    if row["in_rgb_mrna_test"]:
        print(">" + row["id"], row["sequence"], sep="\n")'
}
