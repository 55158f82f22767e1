"""The packet device: the words it sends, what it makes of replies, what it refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from axonloop.host.devices import DeviceError
from axonloop.host.devices.packets import PacketDevice, packing
from axonloop.host.devices.packets.addresses import Addresses
from axonloop.host.devices.packets.error_sums import ErrorSums
from axonloop.host.devices.packets.replies import data_payload, spikes_of_tick, spikes_of_ticks
from axonloop.models.config import (
    AxonFactor,
    ChipConfig,
    CoreConfig,
    Geometry,
    MemristorTables,
    Mesh,
    NeuronFactor,
    ParameterSet,
    Term,
)
from axonloop.models.protocol import VERSION, Control, Fault, Kind, Region, address, header
from axonloop.sim.stimulus import GEOMETRIES

SMALL = Geometry(axons=8, neurons=8, lanes=4, update_lanes=4, trace_lanes=2, multipliers=4)
CONFIG = CoreConfig(SMALL)
LARGE = Geometry(neurons=2048)
ADDRESSES = Addresses(ChipConfig.of(CoreConfig(LARGE)))


class Register:
    """A transport to a chip that is memory alone: it keeps what is written, ticks, and logs."""

    def __init__(self, geometry: Geometry, **changed: int) -> None:
        values = {"magic": 0x4158_4C50, "version": VERSION, "core": 0, "learned": 1}
        values |= {"columns": 1, "rows": 1}
        values |= {name: int(value) for name, value in vars(geometry).items()}
        names = {entry.name.lower(): entry for entry in Control}
        self.memory = {int(names[name]): value for name, value in (values | changed).items()}
        self.sent: list[list[int]] = []
        self.inject: list[int] = []
        self.closed = False

    def exchange(self, words, expected):
        queue, replies = words.tolist(), self.inject
        self.sent.append(queue.copy())
        self.inject = []
        answers = 0
        while queue:
            kind, count = queue[0] >> 28, queue.pop(0) & 0xFFFF
            if kind == Kind.TICK:
                replies.append(header(Kind.TICK, 0))
                answers += 1
            elif kind in (Kind.READ, Kind.WRITE):
                where = range(start := queue.pop(0), start + count)
                if kind == Kind.WRITE:
                    self.memory |= {offset: queue.pop(0) for offset in where}
                else:
                    replies += [header(Kind.DATA, 0, count)]
                    replies += [self.memory.get(offset, 0) for offset in where]
                    answers += 1
        assert answers == expected
        return np.array(replies, np.uint32)

    def close(self):
        self.closed = True


@pytest.fixture
def transport():
    return Register(SMALL)


@pytest.fixture
def device(transport):
    opened = PacketDevice(transport, CONFIG)
    transport.sent.clear()
    return opened


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"magic": 7}, "magic of the device must be 1096305744, not 7"),
        ({"version": 99}, f"version of the device must be {VERSION}, not 99"),
        ({"core": 3}, "core of the device must be 0, not 3"),
        ({"lanes": 8}, "lanes of the device must be 4, not 8"),
        ({"columns": 2}, "columns of the device must be 1, not 2"),
        ({"memristor": 2}, "memristor of the device must be 0, not 2"),
        ({"mask": 1}, "mask of the device must be 0, not 1"),
        ({"threshold_noise": 1}, "threshold_noise of the device must be 0, not 1"),
        ({"state_bits": 17}, "state_bits of the device must be 16, not 17"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_foreign_chip_is_refused_by_name(changed, message):
    chip = Register(SMALL, **changed)
    with pytest.raises(DeviceError, match=f"^{message}$"):
        PacketDevice(chip, CONFIG)
    assert [words[0] >> 28 for words in chip.sent] == [Kind.READ]


def test_opening_writes_every_table_and_no_synapse(transport):
    PacketDevice(transport, dataclasses.replace(CONFIG, seed=99, bias=(-5,) * 8))
    memory = transport.memory
    assert memory[address(Region.CONTROL, Control.SEED)] == 99
    assert memory[address(Region.BIAS, 7)] == 0xFFFF_FFFB
    assert memory[address(Region.ROW, 3)] == 2 << 12
    assert memory[address(Region.GROUP, 1)] == 1 << 4
    assert memory[address(Region.PARAMETERS, 4)] == 1024
    assert memory[address(Region.ENTRY, SMALL.entries - 1)] == 0
    assert memory[address(Region.WEIGHT, 15)] == 0x8080_8080


def test_posted_packets_travel_with_the_tick_in_order(device, transport):
    device.send_spikes(np.array([3]), delay=2)
    device.send_errors(np.array([5, 5]), np.array([-1, 2]), ungated=True)
    assert transport.sent == []
    device.tick(np.array([1, 0]), learn=True)
    ungated = 0x2008_0000 | 5 << 8
    expected = [0x1002_0003, ungated | 0xFF, ungated | 2, 0x1000_0001, 0x1000_0000, 0x3000_0001]
    assert transport.sent == [expected]


def test_modulation_is_a_word_of_every_core_and_part_of_a_snapshot():
    geometry = dataclasses.replace(SMALL, terms=1)
    transport = Register(geometry)
    device = PacketDevice(transport, CoreConfig(geometry))
    transport.sent.clear()
    device.modulate(-3)
    device.tick(np.array([], np.int32))
    written = [header(Kind.WRITE, 0, 1), address(Region.CONTROL, Control.MODULATION), 2**32 - 3]
    assert transport.sent == [[*written, 0x3000_0000]]
    snapshot = device.snapshot()
    assert snapshot["modulation"] == -3
    assert snapshot["mark"].tolist() == [0] * 8
    device.restore(snapshot | {"modulation": 4})
    assert transport.memory[address(Region.CONTROL, Control.MODULATION)] == 4


def test_terms_are_words_of_their_sets():
    geometry = dataclasses.replace(SMALL, terms=2, blank_out=1)
    transport = Register(geometry)
    term = Term(AxonFactor.PQ, NeuronFactor.SPIKE, shift=3)
    parameters = ParameterSet(zeta=9, blank=77, terms=(term,))
    PacketDevice(transport, CoreConfig(geometry, (ParameterSet(), parameters)))
    memory, first = transport.memory, address(Region.PARAMETERS, 32)
    assert [memory[first + k] for k in range(18, 32)] == [0, 77, 9, *[0] * 3, term.word, *[0] * 7]


def test_tables_of_memristors_and_losses_are_words_of_their_regions():
    geometry = dataclasses.replace(SMALL, terms=1, memristor=2, mask=1, threshold_noise=1)
    transport = Register(geometry)
    tables = MemristorTables(
        up_gain=tuple(range(256)),
        down_gain=(65535,) * 256,
        up_gain_shift=3,
        down_gain_shift=11,
        up_share=(7,) * 256,
        down_share=(4095,) * 256,
    )
    term = Term(AxonFactor.PQ, shift=3, weighted=True, pulsed=True)
    parameters = ParameterSet(
        temperature=5, terms=(term,), cycle_to_cycle=255, device_to_device=128
    )
    losses = {"row_loss": tuple(range(8)), "column_loss": tuple(range(248, 256))}
    PacketDevice(transport, CoreConfig(geometry, (parameters,), memristor=tables, **losses))
    memory = transport.memory
    first = address(Region.MEMRISTOR, 0)
    words = [memory[first + offset] for offset in (0, 255, 256, 512, 1023, 1024, 1025)]
    assert words == [0, 255, 65535, 7, 4095, 3, 11]
    for region, expected in ((Region.ROW_LOSS, 0), (Region.COLUMN_LOSS, 248)):
        assert [memory[address(region, n)] for n in range(8)] == [expected + n for n in range(8)]
    first = address(Region.PARAMETERS, 0)
    assert [memory[first + index] for index in (23, 24, 28, 29)] == [5, term.word, 255, 128]
    assert term.word >> 16 == 3


def test_a_core_without_memristors_hears_nothing_of_them(transport, device):
    regions = {address >> 24 for address in transport.memory}
    assert Region.BIAS in regions
    assert not {Region.MEMRISTOR, Region.ROW_LOSS, Region.COLUMN_LOSS} & regions


def test_a_run_is_one_exchange(device, transport):
    assert [len(spikes) for spikes in device.run([np.array([2]), np.array([], np.int32)])] == [0, 0]
    assert transport.sent == [[0x1000_0002, 0x3000_0000, 0x3000_0000]]
    assert device.run([]) == []


def test_many_regions_are_one_exchange(device, transport):
    membrane, pending = device.read_many([Region.MEMBRANE, Region.PENDING])
    assert (membrane.shape, pending.shape) == ((8,), (4, 8))
    assert len(transport.sent) == 1


@pytest.mark.parametrize(
    "refused",
    [
        lambda d: d.tick(np.array([8])),
        lambda d: d.tick(np.array([0.5])),
        lambda d: d.send_spikes(np.array([0]), delay=3),
        lambda d: d.send_errors(np.array([0]), np.array([128])),
        lambda d: d.load_weights(np.zeros((8, 7), int)),
        lambda d: d.write(Region.MEMBRANE, np.full(8, 40_000)),
        lambda d: d.read(Region.WEIGHT),
        lambda d: d.run([np.array([0]), np.array([-1])]),
        lambda d: d.restore({"tick": 1}),
        lambda d: d.configure(CoreConfig()),
    ],
)
def test_refused_input_sends_nothing_and_the_device_goes_on(device, transport, refused):
    with pytest.raises(ValueError, match="must be"):
        refused(device)
    assert transport.sent == []
    device.tick(np.array([1]))
    assert transport.sent == [[0x1000_0001, 0x3000_0000]]


def test_sums_of_errors_are_kept_exact_across_packets(device):
    for _ in range(258):
        device.send_errors(np.array([0]), np.array([127]))
    with pytest.raises(ValueError, match="sum of errors of neuron 0 must be in -32768..32767"):
        device.send_errors(np.array([0]), np.array([127]))
    device.clear()
    device.send_errors(np.array([0]), np.array([127]))


def test_learning_is_refused_a_second_time(device):
    with pytest.raises(DeviceError, match="at most once after each tick"):
        device.learn()
    device.tick(np.array([0]))
    device.learn()
    with pytest.raises(DeviceError, match="at most once after each tick"):
        device.learn()


@pytest.mark.parametrize("code", Fault, ids=lambda code: code.name)
def test_a_fault_is_an_error_that_names_its_code(device, transport, code):
    transport.inject = [header(Kind.FAULT, 0, Kind.ERROR << 4 | code)]
    with pytest.raises(DeviceError, match=f"not a ERROR refused with FAULT {code.name} "):
        device.tick(np.array([0]))
    assert device.tick(np.array([0])).tolist() == []


def test_replies_that_were_not_asked_for_are_refused():
    tick, spike = header(Kind.TICK, 0), header(Kind.SPIKE, 0, 4)
    words = [np.array(w, np.uint32) for w in ([], [spike], [tick, tick], [tick, spike])]
    for replies in words:
        with pytest.raises(DeviceError, match="must be"):
            spikes_of_tick(replies, ADDRESSES)
    with pytest.raises(DeviceError, match="must end 3 ticks, not 2"):
        spikes_of_ticks(words[2], 3, ADDRESSES)
    with pytest.raises(DeviceError, match="must be DATA, not SPIKE"):
        data_payload(words[1], 1)
    with pytest.raises(DeviceError, match="must hold 2 words, not 1"):
        data_payload(np.array([header(Kind.DATA, 0, 1), 7], np.uint32), 2)


@pytest.mark.parametrize("core", [0, 7, 254])
def test_spikes_of_a_lone_core_are_sorted(core):
    neurons = np.random.default_rng(core).permutation(2048)[:50].tolist()
    spikes = [header(Kind.SPIKE, core, n) for n in neurons]
    addresses = Addresses(ChipConfig.of(CoreConfig(LARGE, core=core)))
    found = spikes_of_tick(np.array([*spikes, header(Kind.TICK, core)], np.uint32), addresses)
    assert (found.tolist(), found.dtype) == (sorted(neurons), np.int32)


def test_neurons_are_numbered_through_the_chip():
    chip = ChipConfig(tuple(CoreConfig(SMALL, core=n) for n in range(6)), Mesh(3, 2))
    addresses, everyone = Addresses(chip), np.arange(48)
    spikes = [header(Kind.SPIKE, n // 8, n % 8) for n in everyone]
    assert addresses.spikes(everyone).tolist() == spikes
    values = everyone - 24
    errors = [header(Kind.ERROR, n // 8, 1 << 19 | n % 8 << 8 | n - 24 & 0xFF) for n in everyone]
    assert addresses.errors(everyone, values, ungated=True).tolist() == errors
    order = np.random.default_rng(0).permutation(48)
    replies = np.array([*(spikes[n] for n in order), header(Kind.TICK, 0)], np.uint32)
    assert spikes_of_tick(replies, addresses).tolist() == everyone.tolist()
    (found,) = spikes_of_ticks(replies, 1, addresses)
    assert found.tolist() == everyone.tolist()


@pytest.mark.parametrize(("core", "neuron"), [(6, 0), (0, 8), (255, 7)])
def test_spikes_of_neurons_that_are_not_there_are_refused(core, neuron):
    chip = ChipConfig(tuple(CoreConfig(SMALL, core=n) for n in range(6)), Mesh(3, 2))
    words = [header(Kind.SPIKE, core, neuron), header(Kind.SPIKE, 5, 7), header(Kind.TICK, 0)]
    replies = np.array(words, np.uint32)
    for listen in (
        lambda: spikes_of_tick(replies, Addresses(chip)),
        lambda: spikes_of_ticks(replies, 1, Addresses(chip)),
    ):
        with pytest.raises(DeviceError, match="spikes of the device must be of its neurons, not"):
            listen()


@pytest.mark.parametrize("kind", [k for k in range(16) if k not in (Kind.SPIKE, Kind.FAULT)])
def test_the_first_reply_that_is_no_spike_is_named(kind):
    words = [header(Kind.SPIKE, 0, 9), kind << 28 | 5, header(Kind.READ, 0), header(Kind.TICK, 0)]
    name = Kind(kind).name if kind in Kind.__members__.values() else f"number {kind}"
    with pytest.raises(DeviceError, match=f"^reply of the device must be SPIKE, not {name}$"):
        spikes_of_tick(np.array(words, np.uint32), ADDRESSES)


def test_spikes_are_sorted_and_split_by_tick():
    tick, spikes = header(Kind.TICK, 0), [header(Kind.SPIKE, 0, n) for n in (5, 2, 2047)]
    replies = np.array([*spikes, tick, tick, spikes[0], tick], np.uint32)
    found = [neurons.tolist() for neurons in spikes_of_ticks(replies, 3, ADDRESSES)]
    assert found == [[2, 5, 2047], [], [5]]


def test_closing_closes_the_transport(device, transport):
    device.close()
    assert transport.closed


@pytest.mark.parametrize("name", GEOMETRIES)
def test_weights_and_pending_survive_packing(name):
    geometry = GEOMETRIES[name]
    rng = np.random.default_rng(1)
    shape, limit = (geometry.axons, geometry.neurons), geometry.weight_max
    weights = rng.integers(-limit - 1, limit + 1, shape).astype(np.int32)
    words = packing.pack_weights(geometry, weights)
    assert np.array_equal(packing.unpack_weights(geometry, words), weights)
    bits = rng.integers(0, 2, (geometry.delay_slots, geometry.axons)).astype(np.int32)
    words = packing.pack_pending(geometry, bits)
    assert np.array_equal(packing.unpack_pending(geometry, words), bits)


def test_words_of_weights_lie_as_the_contract_says():
    geometry = dataclasses.replace(SMALL, axons=4, neurons=12)
    weights = np.arange(48, dtype=np.int32).reshape(4, 12) - 20
    words = packing.pack_weights(geometry, weights)
    assert words.size == 4 * 4
    axon, neuron = 1, 9
    assert words[axon * 4 + neuron // 4] >> 8 * (neuron % 4) & 0xFF == weights[axon, neuron] & 0xFF
    assert words[3] == 0


def test_long_regions_travel_in_several_packets():
    words = np.arange(70_000, dtype=np.uint32)
    packets = packing.write_packets(0, Region.WEIGHT, words)
    assert packets[0] == header(Kind.WRITE, 0, 0xFFFF)
    assert packets[2 + 0xFFFF] == header(Kind.WRITE, 0, 70_000 - 0xFFFF)
    assert packets[3 + 0xFFFF] == address(Region.WEIGHT, 0xFFFF)
    assert packing.read_packets(0, Region.WEIGHT, 70_000)[1] == 2


def test_sums_of_errors_begin_anew_when_they_are_forgotten():
    """Only events beyond what is harmless are added up at once; the bound is exact."""
    geometry = CoreConfig(SMALL).geometry
    low = -(1 << geometry.error_sum_bits - 1)
    sums = ErrorSums(geometry, np.zeros(8, np.int32))
    for _ in range(2):
        while sums.values[3] - geometry.error_max >= low:
            sums.add([3], [-geometry.error_max])
        rest = int(low - sums.values[3])
        sums.add([3, 4], [rest, 5])
        before = sums.values.copy()
        with pytest.raises(ValueError, match=f"sum of errors of neuron 3 must be in {low}"):
            sums.add([4, 3], [1, -1])
        assert (sums.values == before).all()
        sums.forget()
        assert not sums.values.any()
