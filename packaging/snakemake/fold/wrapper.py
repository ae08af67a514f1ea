"""Predict the secondary structures of RNAs with mprna."""

from snakemake.shell import shell

log = snakemake.log_fmt_shell(stdout=False, stderr=True)
extra = snakemake.params.get("extra", "")

shell("mprna fold {extra} --jobs {snakemake.threads} --output {snakemake.output[0]} {snakemake.input} {log}")
