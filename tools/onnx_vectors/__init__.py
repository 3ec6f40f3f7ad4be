"""ONNX test vectors against nn-core."""
