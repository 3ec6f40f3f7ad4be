"""A renderer of synthetic hands that sign digits; `renderer` is its entry point."""
