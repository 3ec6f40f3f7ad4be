"""Several processes: what starts them, and how they exchange arrays."""
