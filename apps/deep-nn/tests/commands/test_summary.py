"""The command `summary`."""

from pathlib import Path

from command_line import json_of, succeed, trained

from deep_nn.model import load_model


class TestSummary:
    def test_layers_classes_and_settings(self, folder: Path) -> None:
        lines = succeed("summary", "--model", folder / "cats.h5").stdout.splitlines()
        assert lines[0] == "cats.h5"
        assert lines[1].split() == ["layer", "output", "parameters", "bytes", "MACs"]
        assert lines[2].split() == ["input", "90"]
        assert [line for line in lines if line.startswith("fused in prediction: layer")]
        assert "classes: non-cat, cat" in lines
        assert "  optimizer: adam" in lines
        assert "  batch-size: 64" in lines
        assert "  learning-rate: 0.01 (the default of the optimizer)" in lines
        assert not any(line.endswith("None") for line in lines)

    def test_columns_of_a_table(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("label,b,a\nx,1,2\ny,2,1\nx,1,3\n", "utf-8")
        path = trained(tmp_path / "m.h5", "--data", tmp_path / "t.csv")
        assert "predicts column 'label' from: b, a" in succeed("summary", "--model", path).stdout.splitlines()
        assert json_of("summary", "--model", path)["columns"]["name"] == "label"

    def test_as_json(self, folder: Path) -> None:
        found = json_of("summary", "--model", folder / "blobs.h5")
        assert found["classes"] == ["0", "1", "2"]
        assert found["settings"]["data"] == "blobs"
        assert found["settings"]["hidden"] == "16,16"
        assert found["settings"]["learning_rate"] == 0.01
        network = load_model(folder / "blobs.h5").network
        assert found["network"]["parameters"] == network.vector.size
        assert [layer["output_shape"] for layer in found["network"]["layers"]][-1] == [3]
