"""Seeded mutants of the sources, and whether the tests notice them: `make mutants`."""
