"""Formal proofs of the gateware: `make prove` (docs/testing.md)."""
