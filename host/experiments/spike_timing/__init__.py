"""Spikes at wanted times."""
