"""RNA secondary structure as data: its four forms, its rules and its scores. Pure numpy."""
