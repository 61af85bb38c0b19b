"""Learning one fold, and the folds of a run."""
