"""The tables by which a core sees the weights that it changes, as memristors do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from axonloop.models.checks import require, require_range, take_whole

TABLE_WORDS = 256
"""Words of a table."""
GAIN_MAX = (1 << 16) - 1
SHARE_MAX = (1 << 12) - 1
GAIN_SHIFT_MAX = 15
ROUNDED_SHIFT_MAX = 31
"""The most that the shift of a weighted term and a gain shift make together."""
LOSS_MAX = 255
"""The most that a row or a column of a core with a mask loses, in parts of 256."""
_NOTHING = (0,) * TABLE_WORDS


@dataclass(frozen=True)
class MemristorTables:
    """The tables of a core (docs/contract.md, section 5, learn): `up` serve a weight that rises.

    A gain is what a weighted term multiplies its product by, by the weight's headroom, in parts of
    2^gain shift: 256 words in 0..65535, shifts in 0..15. A share is what so many parts of a pulse
    take of the headroom, in parts of 2^12: 256 words in 0..4095. Raises ValueError for others.
    """

    up_gain: tuple[int, ...] = _NOTHING
    down_gain: tuple[int, ...] = _NOTHING
    up_gain_shift: int = 0
    down_gain_shift: int = 0
    up_share: tuple[int, ...] = _NOTHING
    down_share: tuple[int, ...] = _NOTHING

    def __post_init__(self) -> None:
        take_whole(self, "up_gain_shift", "down_gain_shift")
        for name, most in (("gain", GAIN_MAX), ("share", SHARE_MAX)):
            for table in (f"up_{name}", f"down_{name}"):
                self._take_words(table, most)
        for name in ("up_gain_shift", "down_gain_shift"):
            require_range(name, getattr(self, name), 0, GAIN_SHIFT_MAX)

    def _take_words(self, table: str, most: int) -> None:
        words = tuple(getattr(self, table))
        require(len(words) == TABLE_WORDS, table, f"of {TABLE_WORDS} words", len(words))
        checked = (require_range(f"{table}[{k}]", word, 0, most) for k, word in enumerate(words))
        object.__setattr__(self, table, tuple(checked))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MemristorTables:
        """The inverse of `dataclasses.asdict`; TypeError for an unknown field."""
        return cls(**data)

    @property
    def pulsed(self) -> bool:
        """Say whether a share is not 0."""
        return any(self.up_share) or any(self.down_share)

    @property
    def words(self) -> tuple[int, ...]:
        """All tables and then both shifts, as the register map has them."""
        shifts = (self.up_gain_shift, self.down_gain_shift)
        return (*self.up_gain, *self.down_gain, *self.up_share, *self.down_share, *shifts)


NO_TABLES = MemristorTables()
"""Tables of zeros, as after power-up."""
