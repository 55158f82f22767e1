"""Compiled RTL and the benches that hold it against the golden model."""
