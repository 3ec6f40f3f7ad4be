"""Changes of files, by format."""
