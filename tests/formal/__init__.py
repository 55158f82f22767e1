"""Formal proofs of the mesh's gateware: `make prove` (docs/testing.md)."""
