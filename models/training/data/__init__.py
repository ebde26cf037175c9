"""Photographs and the training pairs, batches and picture borders made from them."""
