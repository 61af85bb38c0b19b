"""From tensors to weights and probabilities."""
