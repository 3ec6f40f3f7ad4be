"""Networks in the file formats of other programs: ONNX and safetensors."""
