"""The page of all runs: one HTML file that needs nothing beside it."""
