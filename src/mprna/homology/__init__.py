"""Relatives whose structures are known, and what an RNA has in common with them."""
