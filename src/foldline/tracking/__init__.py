"""Follow a run from the outside: a tracker of four verbs, and Weights & Biases behind it."""
