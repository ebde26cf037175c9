"""Quantisation: float model to int8 model, its check against the float one, and its lowering for ONNX Runtime."""
