"""Sequences for structures: the reverse of folding."""
