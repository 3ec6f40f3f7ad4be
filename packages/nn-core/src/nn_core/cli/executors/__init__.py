"""Executors of runs, in the form of `concurrent.futures`: local processes, Dask and MPI."""
