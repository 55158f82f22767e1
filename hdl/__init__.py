"""The chip in Amaranth."""
