"""Labeled examples in files of arrays: .npz, HDF5, MATLAB 7.3, idx and .npy.

`files` reads a file or folder; `keys` finds x and y by name and `choice` by shape; `sets` makes training and test
set of them; `axes` and `pixels` convert examples.
"""
