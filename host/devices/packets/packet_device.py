"""A device behind packets: any chip that takes and sends the words of docs/contract.md, 6.

`Transport` is all that differs between the compiled RTL and a board. Posted packets (spikes,
errors, learn, clear) are collected and travel with the next one that is answered, so that a tick
costs one exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from time import perf_counter
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import validation
from axonloop.host.devices.device import Device
from axonloop.host.devices.packets.addresses import Addresses
from axonloop.host.devices.packets.control import check_identity, counter_halves, counter_values
from axonloop.host.devices.packets.error_sums import ErrorSums
from axonloop.host.devices.packets.in_flight import Flight
from axonloop.host.devices.packets.packing import (
    Words,
    as_words,
    pack_pending,
    pack_weights,
    read_packets,
    table_words,
    unpack_pending,
    unpack_weights,
    write_packets,
)
from axonloop.host.devices.packets.replies import data_payload, spikes_of_tick, spikes_of_ticks
from axonloop.host.devices.telemetry import Telemetry
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import Control, Counter, Kind, Region, header, region_words, writable

POSTED_LIMIT = 1 << 16
"""Words that wait for an answered packet before they are sent on their own."""


class Transport(Protocol):
    """Carries words to one chip and back."""

    def exchange(self, words: Words, expected: int) -> Words:
        """Send `words`; return all replies up to the answer of the last TICK or READ.

        `expected` is the number of TICK and READ packets among `words`; at least 1, and the last
        packet is one of them. A FAULT that refuses a TICK or READ is its answer.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


@runtime_checkable
class QueueTransport(Transport, Protocol):
    """A transport that takes more words while answers are under way."""

    def send(self, words: Words, expected: int) -> None:
        """Put words on their way, with `expected` TICK and READ packets among them."""
        ...

    def take(self, count: int) -> Words:
        """All replies up to the next `count` answers to what was sent."""
        ...


class PacketDevice(Device):
    """A chip behind a `Transport`, which is closed with it, or where opening fails.

    Opening reads every core's identification, then writes all registers and tables, and *no
    synapse* everywhere. If the chip is not `fresh` from power-up, its state, tick and counters
    become 0 too. DeviceError if the chip has another magic, version, geometry, mesh or core
    number, ValueError for large cores. A FAULT of the chip is a DeviceError with the code's name.
    """

    name = "packets"

    @cached_property
    def telemetry(self) -> Telemetry:
        """The measurements of the device, with all counters of the RTL."""
        return Telemetry(tuple(Counter))

    def __init__(
        self, transport: Transport, config: ChipConfig | CoreConfig, fresh: bool = True
    ) -> None:
        self._transport = transport
        self._queue = transport if isinstance(transport, QueueTransport) else None
        self.config = chip = ChipConfig.of(config)
        self._words = region_words(chip.geometry)
        self._writable = writable(chip.geometry)
        self._addresses = Addresses(chip)
        self._ticks = [as_words([header(Kind.TICK, chip.first, learn)]) for learn in (0, 1)]
        self._learn = as_words([header(Kind.LEARN, chip.first)])
        self._open = True
        self._flight = Flight()
        self._posted: list[Words] = []
        self._posted_size = 0
        try:
            chip.geometry.require_small()
            self._identify()
            shape = (chip.weight_rows, chip.geometry.weight_columns)
            self._write_weights(np.full(shape, chip.geometry.no_synapse))
            self.configure(chip)
            if not fresh:
                self._start_over()
        except BaseException:
            self.close()
            raise

    def _move(self, transport: Transport) -> None:
        """Go on with another chip of the same configuration, which is fresh from power-up."""
        snapshot, chip = self.snapshot(), self.config
        self._transport.close()
        self._transport = transport
        self._queue = transport if isinstance(transport, QueueTransport) else None
        self._identify()
        self._write_weights(
            np.full((chip.weight_rows, chip.geometry.weight_columns), chip.geometry.no_synapse)
        )
        self.configure(chip)
        self.restore(snapshot)

    def _start_over(self) -> None:
        """State, tick and counters as after power-up."""
        self.clear()
        self._post_control(Control.TICK, [0, self.config.seed, 1])
        self._learned = True
        zeros = as_words([0] * 2 * len(Counter))
        self._write_words(Region.CONTROL, [zeros] * len(self.config.cores), Control.COUNTERS)

    def _identify(self) -> None:
        """Compare the chip's identification with the configuration; take over where it stands."""
        found = self._read_words([(Region.CONTROL, int(Control.COUNTERS))])[0]
        for core, control in zip(self._addresses.cores, found, strict=True):
            check_identity(self.config, core, control)
        self._learned = bool(found[0][Control.LEARNED])
        sums = self.read_many([Region.GATED, Region.UNGATED])
        self._sums = [ErrorSums(self.config.geometry, values) for values in sums]

    def configure(self, config: ChipConfig | CoreConfig) -> None:
        """Write all registers and tables; geometry, mesh and core numbers must stay."""
        chip = validation.check_configuration(self.config, config)
        for core in chip.cores:
            for region, words in table_words(core).items():
                self._post(write_packets(core.core, region, words))
        self._post_control(Control.SEED, [chip.seed])
        self._flush()
        self.config = chip

    def load_weights(self, weights: Int32Array) -> None:
        """Write all weights, int `(axons, neurons of a core)`; see `Device.load_weights`."""
        self._write_weights(validation.check_weights(self.config, weights))

    def _write_weights(self, weights: Int32Array) -> None:
        shares = np.split(weights, len(self._addresses.cores))
        self._write_words(Region.WEIGHT, [self._packed(share) for share in shares])

    def _packed(self, weights: Int32Array) -> Words:
        return pack_weights(self.config.geometry, weights)

    def read_weights(self) -> Int32Array:
        """All weights, int32 `(axons, neurons of a core)`."""
        return self._weights(self._read_words([(Region.WEIGHT, self._words[Region.WEIGHT])])[0])

    def _weights(self, found: list[Words]) -> Int32Array:
        return np.concatenate([unpack_weights(self.config.geometry, words) for words in found])

    def read(self, region: Region) -> Int32Array:
        """One state array, int32; also GATED and UNGATED."""
        return self.read_many([region])[0]

    def read_many(self, regions: Sequence[Region]) -> list[Int32Array]:
        """Several state arrays, in one exchange."""
        if not validation.check_regions(self.config, regions):
            return []
        return self._arrays(regions, self._read_words(self._whole(regions)))

    def _whole(self, regions: Sequence[Region]) -> list[tuple[Region, int]]:
        return [(region, self._words[region]) for region in regions]

    def _arrays(self, regions: Sequence[Region], found: list[list[Words]]) -> list[Int32Array]:
        return [self._decode(*pair) for pair in zip(regions, found, strict=True)]

    def _decode(self, region: Region, found: list[Words]) -> Int32Array:
        """The state array of the chip from the words of every core."""
        if region == Region.PENDING:
            parts = [unpack_pending(self.config.geometry, words) for words in found]
            return np.concatenate(parts, axis=1)
        return np.concatenate(found).view(np.int32)

    def write(self, region: Region, values: Int32Array) -> None:
        """Write one whole state array, of the shape that `read` returns."""
        region = validation.check_region(region, self._writable)
        self._write_state(region, validation.check_state(self.config, region, values))

    def _write_state(self, region: Region, values: Int32Array) -> None:
        shares = np.split(values, len(self._addresses.cores), axis=-1)
        if region == Region.PENDING:
            packed = [pack_pending(self.config.geometry, share) for share in shares]
        else:
            packed = [as_words(share) for share in shares]
        self._write_words(region, packed)

    def tick(self, axons: Int32Array, learn: bool = False) -> Int32Array:
        """Run one tick with spikes on `axons`; return the reported neurons, sorted, int32."""
        self._post(self._addresses.spikes(axons))
        replies = self._exchange(self._ticks[bool(learn)], 1)
        self._ticked(learn)
        return spikes_of_tick(replies, self._addresses)

    def send_tick(self, axons: Int32Array, learn: bool = False) -> None:
        """Run a tick; `take_tick` waits for what it reports."""
        self._post(self._addresses.spikes(axons))
        hear = self._ask(self._ticks[bool(learn)], 1)
        self._ticked(learn)
        self._flight.add("tick", lambda: spikes_of_tick(hear(), self._addresses))

    def take_tick(self) -> Int32Array:
        """The neurons reported by the oldest tick that was not taken."""
        reported: Int32Array = self._flight.take("tick")
        return reported

    def send_read(self, regions: Sequence[Region]) -> None:
        """Read state arrays; `take_read` waits for them."""
        checked = validation.check_regions(self.config, regions)
        if not checked:
            return self._flight.add("read", list)
        asked = self._whole(checked)
        hear = self._ask(*self._read_packets(asked))
        self._flight.add("read", lambda: self._arrays(checked, self._cut(hear(), asked)))

    def take_read(self) -> list[Int32Array]:
        """The arrays of the oldest read that was not taken."""
        found: list[Int32Array] = self._flight.take("read")
        return found

    def run(self, trains: Sequence[Int32Array]) -> list[Int32Array]:
        """Run `len(trains)` ticks without learning, in one exchange; all or none are accepted."""
        checked = validation.check_trains(self.config, trains)
        if not checked:
            return []
        packets = [(self._addresses.spikes(axons), self._ticks[0]) for axons in checked]
        words = np.concatenate([part for pair in packets for part in pair])
        replies = self._exchange(words, len(checked))
        self._ticked(learn=False)
        return spikes_of_ticks(replies, len(checked), self._addresses)

    def _ticked(self, learn: bool) -> None:
        self._learned = bool(learn)
        if learn:
            self._forget_errors()

    def _forget_errors(self) -> None:
        for sums in self._sums:
            sums.forget()

    def send_spikes(self, axons: Int32Array, delay: int = 0) -> None:
        """Set spikes for the tick after `delay` (0..delay_slots - 2) further ones."""
        packets = self._addresses.spikes(axons)
        late = np.uint32(validation.check_delay(self.config.geometry, delay) << 16)
        self._post(packets | late)

    def send_errors(self, neurons: Int32Array, values: Int32Array, ungated: bool = False) -> None:
        """Send error events: `values[k]`, in +-error_max, for `neurons[k]`."""
        kind = bool(ungated)
        packets = self._addresses.errors(neurons, values, kind)
        self._sums[kind].add(neurons, values)
        self._post(packets)

    def learn(self) -> None:
        """Apply the errors sent; DeviceError if it was done since the last tick."""
        validation.require_learnable(self._learned)
        self._post(self._learn)
        self._ticked(learn=True)

    def modulate(self, value: int) -> None:
        """Broadcast M; see `Device.modulate`."""
        checked = validation.check_modulation(self.config.geometry, value)
        self._post_control(Control.MODULATION, [checked])

    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters."""
        self._post(as_words([header(Kind.CLEAR, self.config.first)]))
        self._forget_errors()

    def snapshot(self) -> dict[str, Any]:
        """All state, as arrays and numbers that `numpy.savez` takes; see `Device.snapshot`."""
        validation.require_no_errors(*(sums.values for sums in self._sums))
        regions = (*self._writable, Region.WEIGHT, Region.CONTROL)
        *found, weights, controls = self._read_words(self._whole(regions))
        state: dict[str, Any] = {
            region.name.lower(): self._decode(region, words)
            for region, words in zip(self._writable, found, strict=True)
        }
        registers = (Control.TICK, Control.SEED, Control.LEARNED)
        modulation = int(controls[0][Control.MODULATION].view(np.int32))
        return (
            state
            | {register.name.lower(): int(controls[0][register]) for register in registers}
            | {
                "modulation": modulation,
                "weights": self._weights(weights),
                "counters": np.array([counter_values(control) for control in controls]),
                "geometry": validation.geometry_text(self.config),
            }
        )

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back what any device of this chip returned; waiting errors are forgotten.

        Counters that the other device did not have start at 0.
        """
        state = validation.check_snapshot(self.config, snapshot)
        self.clear()
        for region in self._writable:
            self._write_state(region, state[region.name.lower()])
        self._write_weights(state["weights"])
        self._learned = bool(state["learned"])
        self._post_control(Control.TICK, [state["tick"], state["seed"], state["learned"]])
        if self.config.geometry.terms:
            self._post_control(Control.MODULATION, [state["modulation"]])
        halves = [as_words(counter_halves(counts)) for counts in state["counters"].tolist()]
        self._write_words(Region.CONTROL, halves, Control.COUNTERS)

    def counter_table(self) -> NDArray[np.int64]:
        """The counters of every core, the RTL's own ones too: int64 `(cores, len(Counter))`."""
        controls = self._read_words([(Region.CONTROL, self._words[Region.CONTROL])])[0]
        return np.array([counter_values(control) for control in controls])

    def close(self) -> None:
        """Drop what was posted and close the transport."""
        self._open = False
        self._posted.clear()
        self._flight.clear()
        self._transport.close()

    def _post(self, words: Words) -> None:
        """Queue packets that have no answer."""
        validation.require_open(self._open)
        self._posted.append(words)
        self._posted_size += words.size
        if self._posted_size > POSTED_LIMIT:
            self._flush()

    def _post_control(self, offset: Control, values: list[int]) -> None:
        """Write the same into the CONTROL region of every core."""
        for core in self._addresses.cores:
            self._post(write_packets(core, Region.CONTROL, as_words(values), offset))

    def _write_words(self, region: Region, shares: list[Words], offset: int = 0) -> None:
        """Write every core's share of a region."""
        for core, words in zip(self._addresses.cores, shares, strict=True):
            self._post(write_packets(core, region, words, offset))
        self._flush()

    def _flush(self) -> None:
        """Send what is posted, and hear of its faults: a READ behind it makes the chip answer."""
        self._read_words([(Region.CONTROL, 1)])

    def _read_words(self, wanted: Sequence[tuple[Region, int]]) -> list[list[Words]]:
        """The first words of regions, of every core, in one exchange."""
        return self._cut(self._exchange(*self._read_packets(wanted)), wanted)

    def _read_packets(self, wanted: Sequence[tuple[Region, int]]) -> tuple[Words, int]:
        """READ packets for the first words of regions of every core, and their number."""
        cores = self._addresses.cores
        packets = [read_packets(core, *each) for each in wanted for core in cores]
        words = np.concatenate([part for part, _ in packets])
        return words, sum(answers for _, answers in packets)

    def _cut(self, replies: Words, wanted: Sequence[tuple[Region, int]]) -> list[list[Words]]:
        """The words of every region, by cores, from the answers to `_read_packets`."""
        cores = len(self._addresses.cores)
        ends = np.cumsum([count for _, count in wanted for _ in range(cores)])
        parts = np.split(data_payload(replies, int(ends[-1])), ends[:-1])
        return [parts[start : start + cores] for start in range(0, len(parts), cores)]

    def exchange(self, words: Words, expected: int) -> Words:
        """Send words of packets, `expected` of which are answered; see `Transport.exchange`."""
        return self._exchange(words, expected)

    def send(self, words: Words, expected: int) -> None:
        """Send words of packets, as `exchange` does; `take` waits for the replies."""
        self._flight.add("words", self._ask(words, expected))

    def take(self) -> Words:
        """The replies to the oldest `send` that were not taken."""
        replies: Words = self._flight.take("words")
        return replies

    def forget(self) -> None:
        """Hear the answers to all that is under way, and drop them."""
        self._flight.land()
        self._flight.clear()

    def _exchange(self, words: Words, expected: int) -> Words:
        """Send what is posted and `words`; the replies, behind those of all that is in flight."""
        self._flight.land()
        sent = self._with_posted(words)
        with self._timed():
            return self._transport.exchange(sent, expected)

    def _ask(self, words: Words, expected: int) -> Callable[[], Words]:
        """Send what is posted and `words`; what is returned waits for the replies, once.

        A transport without a queue has them at once.
        """
        if self._queue is None:
            replies = self._exchange(words, expected)
            return lambda: replies
        sent, queue = self._with_posted(words), self._queue
        with self._timed():
            queue.send(sent, expected)
        return lambda: self._taken(queue, expected)

    def _taken(self, queue: QueueTransport, expected: int) -> Words:
        with self._timed():
            return queue.take(expected)

    def _with_posted(self, words: Words) -> Words:
        """The posted packets and `words`; the posted ones go out once, whatever happens."""
        validation.require_open(self._open)
        sent = np.concatenate([*self._posted, words])
        self._posted, self._posted_size = [], 0
        return sent

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Count the time of the block as the chip's and the link's."""
        start = perf_counter()
        try:
            yield
        finally:
            self.telemetry.chip_seconds += perf_counter() - start
