"""Networks by name, their heads and their frozen parts."""
