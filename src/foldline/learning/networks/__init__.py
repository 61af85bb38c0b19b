"""Networks by name, their heads, their frozen parts."""
