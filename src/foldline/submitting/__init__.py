"""Submission files: their form, what stops them, how they are sent."""
