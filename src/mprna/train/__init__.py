"""Pretraining and fine-tuning: shards or tables to batches, the loop, and what a run leaves on disk."""
