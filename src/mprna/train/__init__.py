"""Pretraining: shards to batches, the loop, and what a run leaves on disk."""
