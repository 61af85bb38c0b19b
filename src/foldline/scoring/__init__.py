"""From probabilities to scores and submissions."""
