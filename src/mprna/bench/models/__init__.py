"""Adapters: what stands in a table."""
