"""Metrics, intervals by person, paired comparison."""
