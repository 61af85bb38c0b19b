"""Reading a competition's folder."""
