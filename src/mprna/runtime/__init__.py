"""Trained weights at work: one protocol, two engines, and where weights are found."""
