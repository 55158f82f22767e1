"""The compiled RTL as a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axonloop.host.devices.packets import PacketDevice
from axonloop.host.devices.recording import recorded
from axonloop.models.config import MAX_ETA_SHIFT, ChipConfig, CoreConfig, Geometry
from axonloop.models.cycles import learn_cycles
from axonloop.sim.build import Notify, to_stderr
from axonloop.sim.cosim import RtlChip, build_chip


class RtlDevice(PacketDevice):
    """A device that is the chip's RTL, compiled (once per geometry) and simulated.

    With `trace` it can record waveforms, at some cost in speed. `seed` chooses the random
    contents of whatever the RTL leaves undefined. Raises MissingToolError without a compiler,
    BuildError where the compiled chip cannot be stored.
    """

    name = "rtl"

    def __init__(
        self,
        config: ChipConfig | CoreConfig,
        trace: bool = False,
        seed: int = 0,
        notify: Notify = to_stderr,
        record: Path | None = None,
    ) -> None:
        chip = ChipConfig.of(config)
        library = build_chip(chip.geometry, chip.first, trace, notify, chip.mesh)
        self.chip = RtlChip(library, seed, patience(chip.geometry))
        try:
            transport = recorded(self.chip, record, chip, self.name, fresh=True)
        except BaseException:
            self.chip.close()
            raise
        super().__init__(transport, chip)
        self.telemetry.recorded = record is not None

    @contextmanager
    def waveform(self, path: Path) -> Iterator[None]:
        """Record the ticks inside the `with` block to a VCD file; needs `trace`.

        Raises ValueError if the file cannot be written or the device was opened without `trace`.
        """
        self._flush()
        self.chip.record(Path(path))
        try:
            yield
            self._flush()
        finally:
            self.chip.stop_recording()


def patience(geometry: Geometry) -> int:
    """Clock cycles without a word on a port that count as a hang: far above any honest wait."""
    dense = geometry.axons * geometry.neurons
    return (
        100_000 + 4 * dense + 2 * learn_cycles(geometry, geometry.neurons, eta_shift=MAX_ETA_SHIFT)
    )
