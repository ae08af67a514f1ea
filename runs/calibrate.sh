#!/usr/bin/env bash
# The calibration that ships in the package: known structures -> src/mprna/corpus/fidelity.json and its figure.
# usage: runs/calibrate.sh DATA WORK    (DATA: the project's data folder with rgb/ and ssp/; WORK: a scratch folder)
set -euo pipefail
data=$1 work=$2
mkdir -p "$work/truth"
cp "$data/rgb/RNA-SSP-bpRNA/train.jsonl.gz" "$work/truth/rgb_bpRNA_train.jsonl.gz"
cp "$data/rgb/RNA-SSP-Archive2/train.jsonl.gz" "$work/truth/rgb_Archive2_train.jsonl.gz"
for name in archiveII_bpseq bprna1m_validation pseudobase rnastrand; do  # without what resembles RGB's test sets
  zcat "$data/ssp/$name.jsonl.gz" |
    python -c 'import json, sys; sys.stdout.writelines(l for l in sys.stdin if json.loads(l)["near_rgb_test"] <= 0.5)' \
      > "$work/truth/ssp_$name.jsonl"
done
python -m mprna corpus calibrate --truth "$work"/truth/* --out "$work/calibration.json" \
  --figure docs/images/fidelity.svg --max-rnas 2500 --shuffled 500
# The package needs the weights only.
python - "$work/calibration.json" <<'PYTHON'
import json, sys
document = json.load(open(sys.argv[1]))
del document["report"]
open("src/mprna/corpus/fidelity.json", "w").write(json.dumps(document, indent=1) + "\n")
PYTHON
