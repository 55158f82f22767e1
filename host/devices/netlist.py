"""The chip's netlist as a device."""

from __future__ import annotations

from axonloop.host.devices.packets import PacketDevice
from axonloop.host.devices.rtl import patience
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.sim.build import Notify, to_stderr
from axonloop.sim.cosim import RtlChip, build_netlist


class GatesDevice(PacketDevice):
    """A device that is the chip as cells of an FPGA family, compiled and simulated.

    `family` is "ecp5" or "ice40"; `seed` chooses the random contents of whatever is undefined.
    Synthesis and compilation take minutes, once per geometry. Raises ValueError for an unknown
    family and large cores, MissingToolError without Yosys or a compiler, BuildError if a build
    fails.
    """

    def __init__(
        self,
        config: ChipConfig | CoreConfig,
        family: str,
        seed: int = 0,
        notify: Notify = to_stderr,
    ) -> None:
        self.name = f"gates:{family}"
        chip = ChipConfig.of(config)
        chip.geometry.require_small()
        library = build_netlist(chip.geometry, family, chip.first, notify, chip.mesh)
        self.chip = RtlChip(library, seed, patience(chip.geometry))
        try:
            super().__init__(self.chip, chip)
        except BaseException:
            self.chip.close()
            raise
