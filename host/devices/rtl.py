"""The compiled RTL as a device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from axonloop.host.devices.packets import NodeDevice, PacketDevice, node_for
from axonloop.host.devices.recording import recorded
from axonloop.host.files import new_name, put_in_place, require_writable
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import MAX_ETA_SHIFT, ChipConfig, CoreConfig, Geometry
from axonloop.models.cycles import learn_cycles
from axonloop.models.golden.processing import ProcessingNode
from axonloop.sim.build import Notify, to_stderr
from axonloop.sim.cosim import RtlChip, build_chip
from axonloop.sim.waves import (
    Signal,
    choose,
    read_signals,
    received,
    require_format,
    write_save_file,
)


class RtlDevice(PacketDevice):
    """A device that is the chip's RTL, compiled (once per geometry) and simulated.

    With `trace` it can record waveforms, at some cost in speed. `seed` chooses the random
    contents of whatever the RTL leaves undefined. Raises MissingToolError without a compiler,
    BuildError where the compiled chip cannot be stored, ValueError for large cores.
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
        chip.geometry.require_small()
        self._made, self._notify = (trace, seed), notify
        library = build_chip(chip.geometry, chip.first, trace, notify, chip.mesh)
        self.chip = RtlChip(library, seed, patience(chip.geometry))
        try:
            transport = recorded(self.chip, record, chip, self.name, fresh=True)
        except BaseException:
            self.chip.close()
            raise
        super().__init__(transport, chip)
        self.telemetry.recorded = record is not None

    def with_nodes(self, nodes: Sequence[tuple[ProcessingNode, Int32Array]]) -> NodeDevice:
        """This chip with a processing node beside it, and the neurons that it hears.

        A chip with a node is compiled, and goes on where this one stands. Raises ValueError where
        there are several nodes, or words are recorded.
        """
        require(len(nodes) == 1, "nodes of a compiled chip", "1", len(nodes))
        require(not self.telemetry.recorded, "record", "left out with a node", True)
        ((node, heard),), chip, (trace, seed) = nodes, self.config, self._made
        built = node_for(node, chip.geometry.lanes)
        library = build_chip(chip.geometry, chip.first, trace, self._notify, chip.mesh, built)
        self.chip = RtlChip(library, seed, patience(chip.geometry))
        self._move(self.chip)
        return NodeDevice(self, built, node, heard)

    @cached_property
    def signals(self) -> list[Signal]:
        """The signals of the chip, for waveforms; ValueError without `trace`."""
        with TemporaryDirectory() as folder:
            header = Path(folder) / "header.vcd"
            self.chip.record(header)
            self.chip.stop_recording()
            return read_signals(header)

    @contextmanager
    def waveform(
        self,
        path: str | Path,
        signals: Sequence[str] = (),
        depth: int | None = None,
        shown: Sequence[str] = (),
    ) -> Iterator[None]:
        """Record the ticks inside the `with` block to a file of FST or VCD, by its ending.

        `signals`: patterns of signals and modules, as "core.neurons.*"; none: all. `depth`: levels
        of modules below them. A save file for GTKWave is written beside it, which opens on
        `shown`, by default on `signals`. Raises ValueError if the file cannot be written, a pattern
        matches nothing or the device was opened without `trace`, MissingToolError where FST needs a
        package, OSError where the disk is full.
        """
        file = Path(path)
        form = require_format(file)
        require_writable(file)
        chosen = choose(self.signals, signals, depth)
        self._flush()
        new = new_name(file)
        try:
            with received(new, form, chosen) as pipe:
                self.chip.record(pipe)
                try:
                    yield
                    self._flush()
                finally:
                    self.chip.stop_recording()
            put_in_place(new, file)
        finally:
            new.unlink(missing_ok=True)
        write_save_file(file, chosen, shown or signals)


def patience(geometry: Geometry) -> int:
    """Clock cycles without a word on a port that count as a hang: far above any honest wait."""
    dense = geometry.axons * geometry.neurons
    return (
        100_000 + 4 * dense + 2 * learn_cycles(geometry, geometry.neurons, eta_shift=MAX_ETA_SHIFT)
    )
