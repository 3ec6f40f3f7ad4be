"""The figures of both programs, one file each."""
