"""The bit-accurate model of the chip: NumPy and the standard library only."""
