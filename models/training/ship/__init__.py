"""Shipping: model files, manifest, cards, and the pictures in docs/."""
