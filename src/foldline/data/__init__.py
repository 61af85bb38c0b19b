"""From a competition's files to a sealed table and to batches."""
