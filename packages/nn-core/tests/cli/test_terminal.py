"""Results on stdout, remarks on stderr."""

import json

import numpy as np
import pytest

from nn_core.cli.terminal import counted, echo_json, info


def test_remarks_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    info("wrote a.png")
    assert capsys.readouterr() == ("", "wrote a.png\n")


def test_json_is_one_line_and_strict(capsys: pytest.CaptureFixture[str]) -> None:
    echo_json({"loss": 0.5, "classes": ("a", "b"), "best": None, "steps": 3, "done": True})
    assert capsys.readouterr().out == ('{"loss": 0.5, "classes": ["a", "b"], "best": null, "steps": 3, "done": true}\n')
    echo_json([{"a": [float("nan"), 1.0]}, float("-inf"), np.float64("inf")])
    assert json.loads(capsys.readouterr().out) == [{"a": [None, 1.0]}, None, None]


def test_numbers_of_things() -> None:
    assert [counted(n, "step") for n in (0, 1, 1200)] == ["0 steps", "1 step", "1,200 steps"]
