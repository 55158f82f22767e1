"""Depth: a chain of layers with errors of their own, where memory is needed."""
