"""Answers of the networks of a run."""
