"""FASTA to Parquet shards of clean, distinct, annotated slices; `build.py` names the steps in order."""
