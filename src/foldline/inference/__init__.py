"""Answers of a run's networks: to the test set, to a folder, and by every kept checkpoint."""
