"""A board behind a serial line as a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

from axonloop.host.devices.device import DeviceError
from axonloop.host.devices.link_use import LinkUse
from axonloop.host.devices.packets import PacketDevice, StreamedNode, Words, built_node, chip_of
from axonloop.host.devices.recording import recorded
from axonloop.host.devices.serial_line import LineTransport, SerialTransport, parse_port
from axonloop.host.devices.telemetry import Telemetry
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.golden.processing import ProcessingNode
from axonloop.models.protocol import Counter, Identity, Status, geometry_fields, geometry_words


class LineTelemetry(Telemetry):
    """The measurements of a board, and of the line that `transport` speaks on."""

    def __init__(self, transport: LineTransport) -> None:
        super().__init__(tuple(Counter))
        self._transport = transport

    @property
    def link_use(self) -> LinkUse:
        """The use of the line since it was opened."""
        repaired = self._transport.link.counters.repaired
        return replace(self._transport.use, repaired=repaired)

    def line_counters(self) -> dict[str, int]:
        """Counts of both ends: the host's names are those of `LinkCounters`, the board's names
        those of `Status` behind `board_`."""
        counters = self._transport.link.counters
        ours = asdict(counters) | {"repaired": counters.repaired}
        board = self._transport.status().tolist()
        return ours | {f"board_{entry.name.lower()}": board[entry] for entry in Status}


class BoardDevice(PacketDevice):
    """A board at the other end of `transport`, which is closed with it, or if this fails.

    Its chip starts as after power-up: state, tick and counters are 0. DeviceError if the board's
    configuration is not that of `config`; without one, the board's own is taken.
    """

    name = "serial"

    def __init__(
        self,
        transport: LineTransport,
        config: ChipConfig | CoreConfig | None = None,
        record: Path | None = None,
    ) -> None:
        self.transport = transport
        try:
            chip = chip_of(transport.identity) if config is None else ChipConfig.of(config)
            check_configuration(transport.identity, chip)
            # The session's begin reset registers, not memories.
            passing = recorded(transport, record, chip, self.name, fresh=False)
        except BaseException:
            transport.close()
            raise
        super().__init__(passing, chip, fresh=False)
        self.telemetry.recorded = record is not None

    def with_nodes(self, nodes: Sequence[tuple[ProcessingNode, Int32Array]]) -> StreamedNode:
        """This board with the processing node that it has, and the neurons that it hears.

        Raises ValueError where there are several nodes, or words are recorded, DeviceError where
        the board has no node, or one that is too small.
        """
        require(len(nodes) == 1, "nodes of a board", "1", len(nodes))
        require(not self.telemetry.recorded, "record", "left out with a node", True)
        ((node, heard),) = nodes
        return StreamedNode(self, built_node(self), node, heard)

    @cached_property
    def telemetry(self) -> LineTelemetry:
        """The measurements of the device and of its line."""
        return LineTelemetry(self.transport)


class SerialDevice(BoardDevice):
    """The board on a port; `name` as in `parse_port`."""

    def __init__(
        self,
        name: str,
        config: ChipConfig | CoreConfig | None = None,
        patience: float = 10.0,
        record: Path | None = None,
    ) -> None:
        super().__init__(SerialTransport(*parse_port(name), patience), config, record)


def check_configuration(identity: Words, chip: ChipConfig) -> None:
    """DeviceError that lists what is other on the board than in `chip`."""
    wanted = [chip.first, *geometry_words(chip.geometry, chip.mesh)]
    found = identity[Identity.CORE :].tolist()
    fields = geometry_fields(max(len(wanted), len(found)) - 1)
    names = ["core number", *(field.name.lower() for field in fields)]
    other = [
        f"{name} {there} instead of {here}"
        for name, here, there in zip_longest(names, wanted, found, fillvalue=0)
        if here != there
    ]
    if other:
        raise DeviceError(
            "board must be built for this network, not for another "
            f"({', '.join(other)}): build and load a bitstream for its geometry"
        )
