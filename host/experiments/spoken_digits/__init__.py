"""Spoken digits whose name is asked for when the word has ended: what recurrence is worth."""
