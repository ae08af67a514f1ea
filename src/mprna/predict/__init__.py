"""What a user asks for, one verb per file; `VERB_output.py` writes its results."""
