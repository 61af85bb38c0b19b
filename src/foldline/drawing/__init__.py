"""The drawn people of the sample competition."""
