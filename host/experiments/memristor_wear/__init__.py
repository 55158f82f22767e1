"""Memristors that are written until they wear out, and that age."""
