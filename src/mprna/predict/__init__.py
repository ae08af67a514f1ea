"""What a user asks for, one verb per file: fold, embed, design."""
