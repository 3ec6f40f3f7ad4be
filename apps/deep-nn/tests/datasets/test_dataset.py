"""`Dataset` and its fingerprint."""

import hashlib
import struct

import numpy as np
import pytest

from deep_nn.datasets.dataset import Dataset, fingerprint
from nn_core.errors import NNError


class TestDataset:
    def test_what_it_refuses(self) -> None:
        x, y = np.zeros((2, 2)), np.array([0, 1])
        for wrong, message in [
            ((x.astype(np.float32), y, ("a", "b")), "must be float64"),
            ((np.zeros((2, 2, 2, 3)), y, ("a", "b")), "must be uint8"),
            ((x[0], y, ("a", "b")), "must be"),
            ((x, y[:1], ("a", "b")), "one label per example"),
            ((x, y, ("a",)), "label 1 is out of range; there are 1 classes"),
            ((x, -y, ("a", "b")), "label -1 is out of range"),
            ((x, y, ("a", "a")), "same name"),
        ]:
            with pytest.raises(NNError, match=f"^points: .*{message}"):
                Dataset("points", *wrong)

    def test_a_fingerprint_tells_sets_apart(self) -> None:
        x, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 0])
        base = Dataset("a", x, y, ("a", "b"))
        written_out = b"((3, 2), ('a', 'b'))" + struct.pack("<6d3q", *range(6), 0, 1, 0)
        assert fingerprint(base) == hashlib.sha256(written_out).hexdigest()[:16]
        assert fingerprint(Dataset("b", x.copy(order="F"), y.astype(np.int8), ("a", "b"))) == (
            fingerprint(base)
        )
        others = [
            Dataset("a", x + 1e-9, y, ("a", "b")),
            Dataset("a", x, 1 - y, ("a", "b")),
            Dataset("a", x, y, ("a", "c")),
            Dataset("a", x, y, ("a", "b", "c")),
            Dataset("a", x[::-1], y, ("a", "b")),
            Dataset("a", np.zeros((3, 1, 2, 1), np.uint8), y, ("a", "b")),
            Dataset("a", np.zeros((3, 2, 1, 1), np.uint8), y, ("a", "b")),
        ]
        assert len({fingerprint(one) for one in [base, *others]}) == 8
