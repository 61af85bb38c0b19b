"""From the competition's folder to the sealed table."""
