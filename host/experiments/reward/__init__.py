"""Rewards instead of labels."""
