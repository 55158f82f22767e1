"""The golden core: docs/contract.md in NumPy, one tick per call, int64 inside."""
