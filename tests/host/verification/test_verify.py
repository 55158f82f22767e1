"""`host.verify.verify` and the factory of devices."""

from __future__ import annotations

from inspect import signature

import pytest

from axonloop.host.cli import app
from axonloop.host.devices import GoldenDevice, open_device
from axonloop.host.verification.verify import VerificationError, verify
from axonloop.models.config import CoreConfig, Geometry, Mesh
from axonloop.models.protocol import Region
from axonloop.sim.stimulus import CONVOLUTIONS


class Broken(GoldenDevice):
    """A core that loses a trace once in a while."""

    name = "rtl"

    def tick(self, axons, learn=False):
        reported = super().tick(axons, learn)
        traces = self.read(Region.TRACE_Q)
        if traces[0] > 100:
            traces[0] -= 1
            self.write(Region.TRACE_Q, traces)
        return reported


def open_broken(name, config):
    return Broken(config) if name == "rtl" else GoldenDevice(config)


def test_golden_and_rtl_agree_on_a_mesh():
    report = verify(["golden", "rtl"], 200, 3, ["one-lane"], mesh=Mesh(2, 2))
    assert report.trace_hashes["golden"] == report.trace_hashes["rtl"]
    assert report.weight_hashes["golden"] == report.weight_hashes["rtl"]
    assert min(report.counters[port] for port in ("north", "east", "south", "west")) > 0


def test_golden_and_rtl_agree():
    heard = []
    report = verify(["golden", "rtl"], 401, 7, ["small"], progress=heard.append)
    assert (report.ticks, sum(heard), report.runs) == (401, 401, 4)
    assert report.trace_hashes["golden"] == report.trace_hashes["rtl"]
    assert report.weight_hashes["golden"] == report.weight_hashes["rtl"]
    assert report.counters["updates"] > 0


def test_a_broken_device_fails_the_verification():
    with pytest.raises(VerificationError, match=r"trace_q\[0\]: golden .*\(geometry 'small', run"):
        verify(["golden", "rtl"], 2000, 1, ["small"], open_named=open_broken)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"devices": ["golden", "gpu"]},
            "device must be one of golden, rtl, batched, batched:cpu, .*, not 'gpu'",
        ),
        ({"devices": ["golden"]}, r"devices must be two or more, distinct, not \['golden'\]"),
        ({"ticks": 0}, "ticks must be a whole number in 1.."),
        ({"seed": -1}, "seed must be a whole number in 0.."),
        ({"geometries": ["huge"]}, "geometry must be one of small, .*, not 'huge'"),
    ],
    ids=["device", "one", "ticks", "seed", "geometry"],
)
def test_bad_requests_are_named(changed, message):
    request = {"devices": ["golden", "rtl"], "ticks": 1, "seed": 0} | changed
    with pytest.raises(ValueError, match=message):
        verify(**request)


@pytest.mark.parametrize("name", ["ticks", "seed"])
def test_the_function_and_the_command_agree_on_what_is_usual(name):
    usual = [signature(each).parameters[name].default for each in (verify, app.verify)]
    assert usual[0] == usual[1]


def test_devices_by_name():
    config = CoreConfig(
        Geometry(axons=8, neurons=8, lanes=4, update_lanes=4, trace_lanes=4, multipliers=4)
    )
    with open_device("golden", config) as device:
        assert device.name == "golden"
    with pytest.raises(
        ValueError, match="device must be one of golden, rtl, batched, .*, not 'board'"
    ):
        open_device("board", config)


def test_golden_and_batched_agree_on_convolutions():
    report = verify(["golden", "batched"], 80, 2, ["conv", "conv-terms"])
    assert len(set(report.trace_hashes.values())) == len(set(report.weight_hashes.values())) == 1
    assert report.counters["updates"] > 0


def test_golden_and_batched_agree_on_a_mesh_of_convolutions():
    report = verify(["golden", "batched"], 60, 1, ["conv-small"], mesh=Mesh(2, 2))
    assert_the_same_with_all_ports(report)


@pytest.mark.slow
def test_the_rtl_agrees_on_a_mesh_of_convolutions():
    report = verify(["golden", "rtl", "batched"], 200, 1, ["conv-small"], mesh=Mesh(2, 2))
    assert_the_same_with_all_ports(report)


def assert_the_same_with_all_ports(report):
    assert len(set(report.trace_hashes.values())) == len(set(report.weight_hashes.values())) == 1
    used = ("updates", "north", "east", "south", "west")
    assert min(report.counters[name] for name in used) > 0


@pytest.mark.slow
@pytest.mark.parametrize("geometry", CONVOLUTIONS)
def test_the_rtl_agrees_on_convolutions(geometry):
    report = verify(["golden", "rtl", "batched"], 120, 1, [geometry])
    assert len(set(report.trace_hashes.values())) == len(set(report.weight_hashes.values())) == 1
    assert report.counters["updates"] > 0


def test_a_device_is_known_as_it_was_asked_for():
    """Two names of one kind are two devices: the emulator is `batched` in other places."""
    report = verify(["batched", "batched:cpu"], 8, 0, ["small"])
    assert list(report.trace_hashes) == ["batched", "batched:cpu"]
    assert len(set(report.trace_hashes.values())) == 1
