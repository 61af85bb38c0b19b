"""The drawn sample competition."""
