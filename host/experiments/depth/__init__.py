"""Depth: a task that a chain of layers with local errors solves, and one layer does not."""
