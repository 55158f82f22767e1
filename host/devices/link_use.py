"""What a link to a chip carried, measured and predicted (docs/link.md, section 7)."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace


@dataclass(frozen=True)
class LinkUse:
    """Sums since the link was opened; the difference of two is what happened in between.

    `bytes_down` went to the board, `bytes_up` came from it. `predicted_down` and `predicted_up`
    are what the words of the exchanges take on a line without faults; what opens the session,
    asks and repeats is not in them. A round trip is a wait for an answer with nothing under way
    behind it. `repaired` counts damage that was made good. `baud`: the line's rate in bit/s.
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
        """With `more` added to the sums of these names."""
        return replace(self, **{name: getattr(self, name) + more[name] for name in more})

    @property
    def line_seconds(self) -> float:
        """The time that the bytes of both directions take at the line's rate, one after another."""
        return 10 * (self.bytes_down + self.bytes_up) / self.baud
