"""The state of every device, tick by tick: the same arrays, and those that the device has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from axonloop import (
    Network,
    ParameterSet,
    Population,
    Projection,
    Source,
    StateRecord,
    compile_network,
    open_device,
    record,
    run_program,
    smallest_geometry,
    uniform_weights,
)
from axonloop.host.devices import Device
from axonloop.host.network import Program
from axonloop.host.recorder import draw_record
from axonloop.host.recorder.picture import _liveliest
from axonloop.models.config import Mesh
from axonloop.models.protocol import LinkConfig, Region, state_regions
from axonloop.sim.cosim import Board, RtlTop
from axonloop.sim.stimulus import GEOMETRIES

GEOMETRY = GEOMETRIES["one-lane"]
LINK = LinkConfig(12_000_000, 3_000_000)
RANDOM = np.random.default_rng(1)
NEURON = ParameterSet(theta=60, box=120, w_exp=2, q_inc=9, gamma=3000, rho=20, pq_on=9, eta_shift=3)


def network_of(sources: int, hidden: int, outputs: int) -> Network:
    return Network(
        (Source("p", sources),),
        (Population("hidden", hidden, NEURON), Population("out", outputs, NEURON, bias=False)),
        (
            Projection("p", "hidden", uniform_weights(RANDOM, sources, hidden, 7), delay=1),
            Projection("hidden", "out", uniform_weights(RANDOM, hidden, outputs, 7)),
        ),
    )


NETWORK = network_of(2, 2, 2)
PROGRAM = compile_network(NETWORK, GEOMETRY)
INPUTS = RANDOM.random((40, 2)) < 0.4


@contextmanager
def board_of(program: Program) -> Iterator[Device]:
    """A co-simulated board behind a pseudo-terminal."""
    stop = threading.Event()
    with Board(lambda: RtlTop(LINK, GEOMETRY, seed=1)) as board:
        thread = threading.Thread(target=board.serve, args=(stop.is_set,))
        thread.start()
        try:
            with open_device(f"serial:{board.port}", program.config) as device:
                yield device
        finally:
            stop.set()
            thread.join()


def opened(name: str) -> Any:
    return board_of(PROGRAM) if name == "board" else open_device(name, PROGRAM.config)


@pytest.mark.parametrize("name", ["batched", "rtl", "board"])
def test_every_device_gives_the_golden_models_bits(name: str) -> None:
    golden = run_program(PROGRAM, INPUTS)
    with opened(name) as device:
        device.load_weights(PROGRAM.weights)
        found = run_program(PROGRAM, INPUTS, device)
    assert list(found.states) == [region.key for region in state_regions(GEOMETRY)]
    for state, array in golden.states.items():
        assert np.array_equal(array, found[state]), state
        assert state == "countdown" or array.any(), state


def test_columns_are_the_populations_and_their_projections() -> None:
    found = run_program(PROGRAM, INPUTS)
    with open_device("golden", PROGRAM.config) as device:
        device.load_weights(PROGRAM.weights)
        for tick in range(len(INPUTS)):
            late = INPUTS[tick - 1] if tick else INPUTS[0] & False
            device.tick(PROGRAM.axons_of("p", np.flatnonzero(late), 1))
            membrane, trace = device.read_many([Region.MEMBRANE, Region.TRACE_P])
            for name in ("hidden", "out"):
                own = found.of(name, "membrane")[tick]
                assert np.array_equal(own, membrane[PROGRAM.neurons[name]])
            own = found.of("p -> hidden (delay 1)", "trace_p")[tick]
            assert np.array_equal(own, trace[PROGRAM.axons["p"][:, 0]])
    assert list(found.projections) == ["p -> hidden (delay 1)", "hidden bias", "hidden -> out"]
    assert found.units["membrane"] == "LSB of state words"
    assert (found.thresholds == 60).all()


def test_chosen_ticks_populations_and_states() -> None:
    every = run_program(PROGRAM, INPUTS)
    some = run_program(PROGRAM, INPUTS, "golden", ["spikes", "trace P"], ["out"], range(5, 40, 3))
    assert some.ticks.tolist() == [*range(5, 40, 3)]
    assert list(some.states) == ["spike", "trace_p"]
    assert np.array_equal(some["spike"], every.of("out", "spike")[some.ticks])
    assert np.array_equal(some["trace_p"], every.of("hidden -> out", "trace_p")[some.ticks])
    assert some["spike"].any()
    pending = run_program(PROGRAM, INPUTS, "golden", [Region.PENDING])["pending"]
    assert pending.shape == (40, GEOMETRY.delay_slots, 2 + 1 + 2)


def test_a_recorder_goes_where_a_device_goes() -> None:
    """It learns, reads and is cleared as its device; closing it leaves the device open."""

    def use(device: Device) -> tuple[list[Any], str]:
        device.load_weights(PROGRAM.weights)
        heard: list[Any] = []
        for tick, raster in enumerate(INPUTS):
            device.send_tick(PROGRAM.axons_of("p", np.flatnonzero(raster), 1), learn=tick % 3 == 2)
            device.send_read([Region.SPIKE])
            heard += [device.take_tick().tolist(), device.take_read()[0].tolist()]
            device.send_errors(np.array([0, 1]), np.array([3, -3]))
        device.learn()
        device.clear()
        return heard, device.read_weights().tobytes().hex()

    with open_device("golden", PROGRAM.config) as plain:
        expected = use(plain)
    with open_device("golden", PROGRAM.config) as device:
        with record(device, PROGRAM, ["box"], ticks={0, 39}) as recorder:
            assert use(recorder) == expected
        assert recorder.record.ticks.tolist() == [0, 39]
        assert device.read(Region.BOX).sum() == 0


def test_tensors_and_mappings_are_inputs() -> None:
    expected = run_program(PROGRAM, INPUTS)["current"]
    for given in (torch.from_numpy(INPUTS), {"p": INPUTS.astype(int)}, INPUTS.tolist()):
        assert np.array_equal(run_program(PROGRAM, given)["current"], expected)
    longer = run_program(PROGRAM, INPUTS, more=3)
    assert np.array_equal(longer["current"][:40], expected)
    assert len(longer.ticks) == 43


def test_several_cores_have_the_columns_of_one() -> None:
    network = network_of(12, 20, 6)
    one, four = (
        compile_network(network, smallest_geometry(network, mesh, lanes=4), mesh)
        for mesh in (Mesh(1, 1), Mesh(2, 2))
    )
    inputs = RANDOM.random((30, 12)) < 0.3
    lone, spread = run_program(one, inputs), run_program(four, inputs)
    for state in ("membrane", "spike", "reset"):
        assert np.array_equal(lone[state], spread[state])
    assert lone["spike"].any()
    trace = lone.of("p -> hidden (delay 1)", "trace_q")
    shared = spread.of("p -> hidden (delay 1)", "trace_q")
    own = spread.channels[spread.projections["p -> hidden (delay 1)"]]
    assert np.array_equal(shared, trace[:, own])


@pytest.mark.parametrize("suffix", ["npz", "h5"])
def test_a_record_is_read_back(tmp_path: Path, suffix: str) -> None:
    found = run_program(PROGRAM, INPUTS)
    found.save(tmp_path / f"record.{suffix}")
    again = StateRecord.load(tmp_path / f"record.{suffix}")
    for state, array in found.states.items():
        assert np.array_equal(again[state], array)
        assert again[state].dtype == array.dtype
    for name in ("units", "populations", "projections"):
        assert getattr(again, name) == getattr(found, name)
    for name in ("ticks", "neurons", "axons", "channels", "thresholds"):
        assert np.array_equal(getattr(again, name), getattr(found, name))


def test_h5_has_units(tmp_path: Path) -> None:
    import h5py  # type: ignore[import-untyped]

    run_program(PROGRAM, INPUTS).save(tmp_path / "record.h5")
    with h5py.File(tmp_path / "record.h5") as file:
        assert file["states/membrane"].attrs["units"] == "LSB of state words"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: run_program(PROGRAM, INPUTS[:, :1]), "inputs must be of shape (ticks, 2)"),
        (lambda: run_program(PROGRAM, {"q": INPUTS}), "inputs must be given for p, not ['q']"),
        (lambda: run_program(PROGRAM, INPUTS * 2), "inputs of 'p' must be 0 or 1, not [2]"),
        (lambda: run_program(PROGRAM, INPUTS, states=["volts"]), "states must be some of current"),
        (lambda: run_program(PROGRAM, INPUTS, states="box"), "states must be a list of names"),
        (lambda: run_program(PROGRAM, INPUTS, states=["weight"]), "not 'weight'"),
        (lambda: run_program(PROGRAM, INPUTS, populations=["x"]), "populations must be some of h"),
        (lambda: run_program(PROGRAM, INPUTS)["pending"], "state must be one of current"),
        (lambda: run_program(PROGRAM, INPUTS).of("p", "box"), "group of box must be one of hidd"),
        (lambda: run_program(PROGRAM, INPUTS).save("a.csv"), "record to save must be a file that"),
        (lambda: run_program(PROGRAM, INPUTS, ticks=()).draw(), "ticks of the record must be at"),
        (lambda: StateRecord.load(__file__), "record must be a saved one"),
    ],
)
def test_refusals(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=".") as found:
        call()
    assert message in str(found.value)


def test_a_device_of_another_geometry_is_refused() -> None:
    other = compile_network(NETWORK, smallest_geometry(NETWORK, lanes=4))
    with (
        open_device("golden", other.config) as device,
        pytest.raises(ValueError, match="device must be one with the program's geometry"),
    ):
        record(device, PROGRAM)


def test_a_record_without_ticks_has_the_shapes_of_others() -> None:
    states = [region.key for region in state_regions(GEOMETRY)] + ["pending"]
    every = run_program(PROGRAM, INPUTS, states=states)
    none = run_program(PROGRAM, INPUTS, states=states, ticks=())
    assert len(none.ticks) == 0
    for state, array in every.states.items():
        assert none[state].shape == (0, *array.shape[1:]), state
        assert none[state].dtype == array.dtype


def test_the_liveliest_neurons_spike_now_and_then_and_move() -> None:
    """Neither the silent one that moves most nor the one that always spikes."""
    silent, seldom, calm, always = 0, 1, 2, 3
    spikes = np.zeros((40, 4), bool)
    spikes[::4, [seldom, calm]] = spikes[:, always] = True
    potential = np.tile([[1.0, 0.5, 0.1, 1.0], [-1.0, -0.5, -0.1, -1.0]], (20, 1))
    assert _liveliest(spikes, potential, 1) == [seldom]
    assert _liveliest(spikes, potential, 2) == [seldom, calm]
    assert _liveliest(spikes, potential, 3) == [silent, seldom, calm]
    assert _liveliest(spikes, potential, 9) == [silent, seldom, calm, always]


def test_six_neurons_are_drawn_unless_another_number_is_asked_for() -> None:
    network = network_of(4, 6, 4)
    program = compile_network(network, smallest_geometry(network, lanes=4))
    found = run_program(program, RANDOM.random((20, 4)) < 0.4)
    assert [len(found.draw(*asked).axes[1].get_yticks()) for asked in ((), (4,))] == [6, 4]


def test_a_picture_shows_every_spike() -> None:
    found = run_program(PROGRAM, INPUTS)
    picture = draw_record(found, 3)
    top, bottom = picture.axes
    drawn = sum(len(line.get_xdata()) for line in top.lines if line.get_marker() == "|")
    assert drawn == found["spike"].sum() > 0
    assert len(bottom.get_yticks()) == 3
    assert found.potential.shape == (40, 4)
