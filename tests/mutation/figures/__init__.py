"""Figures of mutants: what is counted, kept, and written into the page."""
