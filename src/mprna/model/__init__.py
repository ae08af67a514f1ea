"""The network: a rotary Transformer encoder over nucleotides, and its heads."""
