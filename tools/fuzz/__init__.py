"""Hostile files: valid ones of every format, changed in ways that their readers must survive.

    python -m fuzz --seconds 60            # with tools/ on PYTHONPATH; or: nox -s fuzz -- --seconds 60
    python -m fuzz --only hdf5 --count 500
    python -m fuzz --case 1234             # one case again, with all that it printed

A case is a number: it stands for a format, a valid file, a change of it, and a reader or a command that is
given the result. It runs in a process of its own, forked from one in which everything is imported, with
limits on time and memory, and fails if

    traceback  an exception other than NNError escapes
    signal     the process dies of a signal
    time       it takes longer than 10 s, twice
    memory     it takes more than twice what the file honestly holds, and 64 MB
    opened     it opens, writes or removes a file other than its own, or starts a program
    output     it prints control characters, a line of more than 2,000 characters, or more than one error
    status     it exits with another status than 0, 1 or 2, or with an error and no message
"""
