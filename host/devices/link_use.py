"""Bytes and waits of a link to a chip, measured and predicted (docs/link.md, section 7)."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace


@dataclass(frozen=True)
class LinkUse:
    """Sums since the link was opened. The difference of two `LinkUse` is the use between them.

    `baud` is the line's rate in bit/s. `bytes_down` counts the bytes that went to the board,
    `bytes_up` those that came from it. `predicted_down` and `predicted_up` are the bytes that the
    words of the exchanges take on a line without faults; frames that open the session, ask or
    repeat are not among them. `round_trips` counts the waits for an answer while no other answer
    was under way. `repaired` counts how often the link noticed damage and made it good.
    """

    baud: int
    bytes_down: int = 0
    bytes_up: int = 0
    predicted_down: int = 0
    predicted_up: int = 0
    round_trips: int = 0
    repaired: int = 0

    def __sub__(self, other: LinkUse) -> LinkUse:
        counts = zip(astuple(self)[1:], astuple(other)[1:], strict=True)
        return LinkUse(self.baud, *(here - there for here, there in counts))

    def plus(self, **more: int) -> LinkUse:
        """A copy in which `more` is added to the sums of the same names."""
        return replace(self, **{name: getattr(self, name) + more[name] for name in more})

    @property
    def line_seconds(self) -> float:
        """The time that the bytes of both directions take at the line's rate, one after another."""
        return 10 * (self.bytes_down + self.bytes_up) / self.baud
