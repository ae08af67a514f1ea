"""Files of sequences and structures, one module per format; `formats` finds the right one."""
