"""Which part of the network to train."""
