"""From probabilities to one valid structure: balanced, canonical, hairpins of three or more."""
