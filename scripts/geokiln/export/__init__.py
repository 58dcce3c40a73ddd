"""From trained weights to one self-contained ONNX file, checked against PyTorch."""
