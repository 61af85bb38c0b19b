"""Networks, how they learn and how they answer."""
