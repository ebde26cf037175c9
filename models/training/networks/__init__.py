"""The networks in PyTorch, by family, and the ONNX graphs they are written as."""
