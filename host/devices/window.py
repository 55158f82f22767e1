"""The compiled RTL that writes the waveform of a window of its ticks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from axonloop.host.devices.rtl import RtlDevice
from axonloop.host.files import require_writable
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.sim.waves import choose, require_format


@dataclass(frozen=True)
class WaveWindow:
    """A window of ticks, `start` to `end` - 1, whose waveform goes to the file `path`.

    `signals` and `depth` as of `RtlDevice.waveform`, whose refusals it makes at once, but for those
    that need the chip.
    """

    path: Path
    start: int
    end: int
    signals: tuple[str, ...] = ()
    depth: int | None = None

    def __post_init__(self) -> None:
        good = 0 <= self.start < self.end
        require(good, "ticks", "A:B with A from 0 on and B above A, as 0:200", self.text)
        require_format(self.path)
        require_writable(self.path)

    @classmethod
    def parse(
        cls, path: Path, ticks: str | None, signals: str | None = None, depth: int | None = None
    ) -> WaveWindow:
        """A window from ticks as "100:300", and patterns by commas."""
        first, _, last = (ticks or "").partition(":")
        good = first.isdecimal() and last.isdecimal()
        require(good, "ticks of the waveform", "A:B, two whole numbers, as 0:200", ticks)
        return cls(path, int(first), int(last), tuple(signals.split(",") if signals else ()), depth)

    @property
    def text(self) -> str:
        """The ticks as text."""
        return f"{self.start}:{self.end}"

    def require_within(self, ticks: int, whole: str) -> None:
        """ValueError unless it lies in the `ticks` ticks of `whole`, as "the sample"."""
        here = f"A:B with B at most {ticks}, the ticks of {whole}"
        require(self.end <= ticks, "ticks", here, self.text)


class WindowDevice(RtlDevice):
    """The compiled RTL; the ticks of a window, counted from opening on, go into its waveform.

    A tick lasts until the next one begins: what is learned behind it belongs to it. Where the
    ticks end inside of the window, so does the waveform. `begun` counts the ticks. Raises what
    `RtlDevice` and its `waveform` do; signals that are not there are refused at once.
    """

    def __init__(
        self, config: ChipConfig | CoreConfig, window: WaveWindow, record: Path | None = None
    ) -> None:
        self.window, self.begun, self._wave = window, 0, ExitStack()
        super().__init__(config, trace=True, record=record)
        try:
            choose(self.signals, window.signals, window.depth)
        except BaseException:
            self.close()
            raise

    def tick(self, axons: Int32Array, learn: bool = False) -> Int32Array:
        """See `Device.tick`."""
        self._begin()
        return super().tick(axons, learn)

    def send_tick(self, axons: Int32Array, learn: bool = False) -> None:
        """See `Device.send_tick`."""
        self._begin()
        super().send_tick(axons, learn)

    def run(self, trains: Sequence[Int32Array]) -> list[Int32Array]:
        """See `Device.run`; ticks are run one by one."""
        return [self.tick(axons) for axons in trains]

    def _begin(self) -> None:
        """Open or close the file where the next tick is the one to do so."""
        window = self.window
        if self.begun == window.start:
            waveform = self.waveform(window.path, window.signals, window.depth)
            self._wave.enter_context(waveform)
        elif self.begun == window.end:
            self._wave.close()
        self.begun += 1

    def close(self) -> None:
        """See `Device.close`; a waveform that is not whole ends here."""
        try:
            self._wave.close()
        finally:
            super().close()
