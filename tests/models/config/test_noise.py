"""The purposes of the hash: no two draws of a synapse in a tick are the same number."""

from __future__ import annotations

from axonloop.models.config import Purpose
from axonloop.models.config.terms import MAX_TERMS

PURPOSE_BITS = 4
"""Of docs/contract.md, section 9, which names 0..15."""


def test_no_two_purposes_are_one() -> None:
    """Each term has one of its own, and another one for the writes that its pulses are."""
    of_terms = [first + k for first in (Purpose.TERM, Purpose.PULSE) for k in range(MAX_TERMS)]
    others = [Purpose.PATTERN, Purpose.THRESHOLD, Purpose.BLANK_OUT]
    used = [*of_terms, *others]
    assert len(set(used)) == len(used)
    assert all(0 <= purpose < 1 << PURPOSE_BITS for purpose in used)
    assert set(Purpose) <= set(used)
