"""From files to labelled tensors."""
