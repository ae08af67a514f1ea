"""Relatives of an RNA: where they are found, and what their structures and letters say about it."""
