"""The soak: shards on all devices, a file that goes on, and what it says of a difference."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from axonloop.host.bisect import read_stimulus
from axonloop.host.cli.app import run as command
from axonloop.host.cli.debug import soak as soak_command
from axonloop.host.devices import GoldenDevice, weight_hash
from axonloop.host.verification import shard_run as shards
from axonloop.host.verification import soak
from axonloop.host.verification.random_use import TrafficStep
from axonloop.host.verification.shard import Shard, ShardError, ShardResult, Traffic
from axonloop.host.verification.shard_run import ShardRun
from axonloop.models.config import ONE_CORE, Mesh
from axonloop.models.protocol import Region
from axonloop.sim.batched import BatchedChip
from axonloop.sim.stimulus import CONVOLUTIONS, GEOMETRIES


def small(number: int = 0, **changed) -> Shard:
    """A short shard of the small core."""
    plain = Shard(5, number, "small", GEOMETRIES["small"], ONE_CORE, ticks=100, copies=3)
    return replace(plain, **changed)


class Forgetful(GoldenDevice):
    """A core whose first trace is too small once it is above 100."""

    name = "rtl"

    def tick(self, axons, learn=False):
        reported = super().tick(axons, learn)
        traces = self.read(Region.TRACE_Q)
        if traces[0] > 100:
            traces[0] -= 1
            self.write(Region.TRACE_Q, traces)
        return reported


def no_rtl(name, config, seed):
    """Another golden model in the place of the compiled chip, which would take a compiler."""
    return GoldenDevice(config)


def broken(name, config, seed):
    return Forgetful(config) if name == "rtl" and seed == 1 else GoldenDevice(config)


def test_all_devices_agree():
    heard = []
    result = ShardRun(small()).run(heard.append)
    assert result.compared == sum(heard) == 300
    assert result.ticks == dict.fromkeys(("kernels", "torch", "golden", "rtl"), 300)
    assert result.counters["updates"] > 0


@pytest.mark.parametrize(
    ("name", "mesh", "devices"),
    [
        ("one-lane", Mesh(2, 2), {"kernels": 160, "torch": 160, "golden": 160, "rtl": 160}),
        ("conv-terms", ONE_CORE, {"kernels": 160, "torch": 160, "golden": 160, "rtl": 80}),
    ],
    ids=["mesh", "convolutions"],
)
def test_other_chips_agree(name, mesh, devices):
    geometry = (GEOMETRIES | CONVOLUTIONS)[name]
    shard = small(name=name, geometry=geometry, mesh=mesh, ticks=40, copies=4)
    result = ShardRun(shard, no_rtl).run()
    assert (result.compared, result.ticks) == (160, devices)


def test_large_cores_have_fewer_copies_on_rtl():
    counts = replace(soak.shard_of(0, 0), geometry=GEOMETRIES["default"]).devices()
    assert counts == {"kernels": 192, "torch": 192, "golden": 16, "rtl": 2}


def test_a_copy_alone_does_what_it_does_in_its_shard():
    """Its steps, played on a golden model alone, end in the weights of the shard."""
    shard = small(copies=1)
    traffic = Traffic(shard)
    with GoldenDevice(traffic.config_of(0)) as device:
        for step in traffic.steps_of(0, shard.ticks):
            play(device, step)
        alone = weight_hash(device.read_weights(), shard.geometry)
    assert shards._joined([alone]) == ShardRun(shard, no_rtl).run().weight_hash


def play(device: GoldenDevice, step: TrafficStep) -> None:
    for operation in step.before:
        getattr(device, operation.method)(*operation.arguments)
    device.tick(step.axons, step.learn)
    for operation in step.after:
        getattr(device, operation.method)(*operation.arguments)
    if step.exchange:
        moved = {} if step.moved_tick is None else {"tick": step.moved_tick}
        device.restore(device.snapshot() | moved)


def test_a_broken_copy_is_named():
    with pytest.raises(ShardError, match=r"trace_q\[0\]: kernels \d+, rtl \d+ .shard 0") as told:
        ShardRun(small(), broken).run()
    assert told.value.copy == 1


@pytest.mark.parametrize("name", ["kernels", "torch"])
def test_a_broken_population_is_named(name):
    def many(kind, config, copies, seeds):
        chip = shards.open_many(kind, config, copies, seeds)
        return Off(chip) if kind == name else chip

    with pytest.raises(ShardError) as told:
        ShardRun(small(), no_rtl, many).run()
    assert (told.value.copy, told.value.cause.unit) == (2, "membrane")


class Off:
    """Copies of which the last one has a wrong membrane."""

    def __init__(self, chip: BatchedChip) -> None:
        self._chip = chip

    def __getattr__(self, name):
        return getattr(self._chip, name)

    def read(self, region):
        found = self._chip.read(region)
        if region == Region.MEMBRANE:
            found[2, 0] += 1
        return found


def test_a_weight_that_is_wrong_is_seen_in_the_end():
    class Slip(GoldenDevice):
        def read_weights(self):
            weights = super().read_weights()
            weights[0, 0] ^= 1
            return weights

    with pytest.raises(ShardError, match=r"weight\[0, 0\]: kernels"):
        ShardRun(small(), lambda name, config, seed: Slip(config)).run()


def test_a_device_that_raises_is_named():
    class Raises(GoldenDevice):
        def learn(self):
            raise IndexError("beyond the end")

    with pytest.raises(ShardError, match=r"IndexError\('beyond the end'\) .shard 0 .*, copy 0"):
        ShardRun(small(), lambda name, config, seed: Raises(config)).run()


def fake(shard, progress):
    progress(shard.copies * shard.ticks)
    count = shard.copies * shard.ticks
    ticks = dict.fromkeys(shard.devices(), count)
    return ShardResult(count, ticks, f"{shard.number:064}", "0" * 64, {"spikes": 1}, 0.5)


def test_a_soak_goes_on(tmp_path):
    path, plan = tmp_path / "soak.jsonl", soak.plan(3 * 128 * 192, 0)
    assert [shard.name for shard in plan] == list(GEOMETRIES)[:3]
    soak.soak(plan[:2], path, run=fake)
    ran, heard = [], []

    def run(shard, progress):
        ran.append(shard.number)
        return fake(shard, progress)

    report = soak.soak(plan, path, heard.append, run=run)
    assert ran == [2]
    assert (report.shards, report.skipped, report.targets) == (3, 2, 3)
    assert report.compared == sum(heard) == report.ticks["kernels"] == 3 * 128 * 192
    assert report.counters == {"spikes": 3}


def test_stopping_loses_the_running_shard_alone(tmp_path):
    path, plan = tmp_path / "soak.jsonl", soak.plan(3 * 128 * 192, 0)

    def stopped(shard, progress):
        if shard.number == 1:
            raise KeyboardInterrupt
        return fake(shard, progress)

    with pytest.raises(KeyboardInterrupt):
        soak.soak(plan, path, run=stopped)
    assert soak.soak(plan, path, run=fake).skipped == 1


def test_a_line_that_was_cut_is_dropped(tmp_path):
    path, plan = tmp_path / "soak.jsonl", soak.plan(2 * 128 * 192, 0)
    soak.soak(plan, path, run=fake)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert soak.soak(plan, path, run=fake).skipped == 1
    assert path.read_bytes() == whole


def test_two_soaks_do_not_write_one_file(tmp_path):
    path, plan = tmp_path / "soak.jsonl", soak.plan(1, 0)

    def second(shard, progress):
        soak.soak(plan, path, run=fake)

    with pytest.raises(RuntimeError, match="must be written by one soak at a time, not by two"):
        soak.soak(plan, path, run=second)


def test_another_line_is_refused(tmp_path):
    path = tmp_path / "soak.jsonl"
    path.write_text('{"number": 1}\n')
    with pytest.raises(ValueError, match="line 1 of .* must be a result of a soak, not b'"):
        soak.soak([], path, run=fake)


def test_results_of_other_sources_do_not_count(tmp_path, monkeypatch):
    path, plan = tmp_path / "soak.jsonl", soak.plan(1, 0)
    monkeypatch.setattr(soak, "sources", lambda: "old")
    soak.soak(plan, path, run=fake)
    monkeypatch.undo()
    assert soak.soak(plan, path, run=fake).skipped == 0


def test_a_failed_shard_is_told_with_its_commands(tmp_path, monkeypatch, capsys):
    """The others go on, the exit status is 1, and `bisect` takes the stimulus."""
    path = tmp_path / "soak.jsonl"

    def run(shard, progress):
        if shard.number == 0:
            return ShardRun(small(), broken).run(progress)
        return fake(shard, progress)

    plan = [small(), small(1)]
    monkeypatch.setattr(soak, "plan", lambda ticks, seed: plan)
    monkeypatch.setattr(soak, "ShardRun", lambda shard: Runs(shard, run))
    assert command(["soak", "--ticks", "2", "--out", str(path)]) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "trace_q[0]: kernels" in told
    assert "again: axonloop soak --seed 5 --shard 0" in told
    stimulus = tmp_path / "soak-5-0.json"
    assert f"where: axonloop bisect --devices batched,rtl --stimulus {stimulus}" in told
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert ["failure" in line for line in lines] == [True, False]
    difference = json.loads(stimulus.read_text())["difference"]
    assert (difference["unit"], difference["index"]) == ("trace_q", [0])
    script, _ = read_stimulus(stimulus)
    assert len(script.steps) == difference["tick"] + 1
    with Forgetful(script.start.config) as bad, GoldenDevice(script.start.config) as good:
        for step in script.steps:
            play(bad, step)
            play(good, step)
        assert bad.read(Region.TRACE_Q)[0] < good.read(Region.TRACE_Q)[0]


class Runs:
    def __init__(self, shard, run):
        self._shard, self._run = shard, run

    def run(self, progress):
        return self._run(self._shard, progress)


def test_torch_has_no_device_of_its_own():
    assert "torch" not in soak_command.AS_DEVICE
