"""Training on a user's data in one call: the same on every device, resumed, and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from axonloop import (
    DataDescription,
    Network,
    Population,
    Projection,
    Settings,
    Source,
    SpikeCode,
    Split,
    evaluate,
    open_data,
    train,
    uniform_weights,
)
from axonloop.host.configuration import PARAMETERS, Configuration
from axonloop.host.runs import CONFIG, METRICS
from axonloop.host.training import population_trainer

RANDOM = np.random.default_rng(1)
LABELS = RANDOM.integers(0, 3, 80)
IMAGES = (RANDOM.random((3, 4, 6))[LABELS] + RANDOM.normal(0, 0.2, (80, 4, 6))).clip(0, 1)
ARRAYS = {"images": IMAGES.astype(np.float32), "labels": LABELS}
DESCRIPTION = DataDescription(inputs="images", targets="labels", ticks=16)
SETTINGS = Settings().changed(
    {
        "network": {"layers": (16,), "lanes": 8},
        "objective": {"burn_in": 4},
        "run": {"epochs": 2},
    }
)
SAME = ("test_accuracy", "weight_hash", "trace_hash", "spike_hash", "warnings", "data", "samples")
Made = tuple[DataDescription, Any]


def npz(folder: Path) -> Made:
    np.savez(folder / "set.npz", **ARRAYS)  # type: ignore[arg-type]
    return replace(DESCRIPTION, path=str(folder / "set.npz")), None


def hdf5(folder: Path) -> Made:
    with h5py.File(folder / "set.h5", "w") as file:
        for name, array in ARRAYS.items():
            file.create_dataset(name, data=array, chunks=(80, *array.shape[1:]))
    return replace(DESCRIPTION, path=str(folder / "set.h5")), None


def arrays(folder: Path) -> Made:
    del folder
    return DESCRIPTION, ARRAYS


def dataset(folder: Path) -> Made:
    del folder
    pairs = [torch.from_numpy(ARRAYS[name]) for name in ARRAYS]
    return DESCRIPTION, torch.utils.data.TensorDataset(*pairs)


def same(metrics: dict[str, Any]) -> list[Any]:
    return [metrics[name] for name in SAME]


@pytest.fixture(scope="module")
def expected() -> list[Any]:
    with open_data(DESCRIPTION, ARRAYS) as data:
        return same(train(SETTINGS, data))


SOURCES = [
    pytest.param(npz, marks=pytest.mark.drawn),
    arrays,
    *(pytest.param(each, marks=pytest.mark.slow) for each in (hdf5, dataset)),
]


@pytest.mark.parametrize("device", ["golden", "batched"])
@pytest.mark.parametrize(
    "made",
    SOURCES,
)
def test_all_sources_and_devices_come_to_the_same(
    made: Callable[[Path], Made], device: str, tmp_path: Path, expected: list[Any]
) -> None:
    """A folder of its own holds everything that one of digits does."""
    description, held = made(tmp_path)
    with open_data(description, held) as data:
        metrics = train(SETTINGS, data, device=device, out=tmp_path / "run")
        assert same(metrics) == expected
        assert evaluate(tmp_path / "run", data)["weight_hash"] == metrics["weight_hash"]
    assert metrics["test_accuracy"] > 0.8
    names = {path.name for path in (tmp_path / "run").iterdir()}
    pictures = {"raster.png", "weights.png"} if made is npz else set()
    assert names >= {CONFIG, METRICS, "history.json", "network.txt"} | pictures
    stored = Configuration.read(tmp_path / "run" / CONFIG).settings
    assert stored.data == description
    assert (stored.task.ticks, stored.task.inputs, stored.task.classes) == (16, 24, 3)
    assert metrics["trained_on"] == "train", "validation is held out"


def test_a_path_in_the_settings_is_opened(tmp_path: Path, expected: list[Any]) -> None:
    description, _ = npz(tmp_path)
    found = train(replace(SETTINGS, data=description), out=tmp_path / "run")
    assert same(found) == expected
    scored = evaluate(str(tmp_path / "run"), device="batched")
    assert scored["test_accuracy"] == found["test_accuracy"]
    assert scored["weight_hash"] == found["weight_hash"]


def test_a_stopped_run_goes_on_to_the_same_end(tmp_path: Path, expected: list[Any]) -> None:
    """Of a file in chunks, whose order is the file's own."""
    description, _ = hdf5(tmp_path)
    settings = replace(SETTINGS, data=description)
    calls = 0

    def stop(phase: str, done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 70:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(settings, out=tmp_path / "run", progress=stop)
    assert not (tmp_path / "run" / METRICS).exists()
    found = train(settings, out=tmp_path / "run", resume=True, device="batched")
    assert same(found) == expected


FEWER = "samples of the data must be .*, as when the run began"


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        pytest.param(IMAGES[:-1], LABELS[:-1], FEWER, marks=pytest.mark.slow),
        (IMAGES, np.roll(LABELS, 1), "sha256 of the data must be "),
        pytest.param(1 - IMAGES, LABELS, "sha256 of the data must be ", marks=pytest.mark.slow),
        (IMAGES[:, :3], LABELS, "task.inputs must be 24, with which the run began"),
    ],
)
def test_other_data_are_refused(
    images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], message: str, tmp_path: Path
) -> None:
    description, _ = npz(tmp_path)
    settings = replace(SETTINGS, data=description)
    train(settings, out=tmp_path / "run", epochs=1)
    np.savez(tmp_path / "set.npz", images=images.astype(np.float32), labels=labels)
    with pytest.raises(ValueError, match=message):
        train(settings, out=tmp_path / "run", resume=True)
    if "with which" not in message:
        with pytest.raises(ValueError, match=message):
            evaluate(tmp_path / "run")


def test_an_own_loss_is_heard(expected: list[Any]) -> None:
    def half(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits, target) / 2

    heard: list[dict[str, Any]] = []
    with open_data(DESCRIPTION, ARRAYS) as data:
        found = train(SETTINGS, data, half, epochs=1, after_epoch=heard.append)
    assert found["weight_hash"] not in expected
    assert heard == found["history"]
    assert len(heard) == 1


def test_a_population_learns_them(expected: list[Any]) -> None:
    with open_data(DESCRIPTION, ARRAYS) as data:
        one = replace(SETTINGS, data=DESCRIPTION).fitted(data)
        trainer = population_trainer([one, one.changed({"run": {"seed": 2}})], data)
        trainer.run()
        assert trainer.final_scores()[0] == expected[0]
        assert trainer.weight_hashes()[0] == expected[1]


def test_a_files_chunks_decide_the_order(tmp_path: Path) -> None:
    description, _ = hdf5(tmp_path)
    with open_data(description) as data:
        data.train.inputs.chunks_kept = 1
        data.train.inputs.chunks = lambda numbers: numbers // 8  # type: ignore[method-assign]
        one = replace(SETTINGS, data=description).fitted(data)
        places = population_trainer([one], data).tasks[0].places(1, 0)
        chunks = data.train.numbers[places] // 8
        assert np.count_nonzero(np.diff(chunks)) == len(set(chunks.tolist())) - 1


@pytest.mark.parametrize(
    ("description", "change", "message"),
    [
        (replace(DESCRIPTION, split=Split(0.8, 0, 0.2)), {}, "validation part of the data must be"),
        (replace(DESCRIPTION, split=Split(0.8, 0.2, 0)), {}, "test part of the data must be of at"),
        (replace(DESCRIPTION, target="none"), {}, "data.target must be class or numbers, to"),
        (DESCRIPTION, {"task": {"inputs": 25}}, "task.inputs must be left out or 24, as what data"),
        (DESCRIPTION, {"task": {"ticks": 17}}, "task.ticks must be left out or 16, as data.ticks"),
        (DESCRIPTION, {"task": {"classes": 4}}, "task.classes must be left out or 3, as data.clas"),
        (DESCRIPTION, {"task": {"white": 4}}, "task.white must be left out beside .data., where d"),
        (DESCRIPTION, {"objective": {"burn_in": 16}}, "objective.burn_in must be .* in 0..15"),
    ],
    ids=str,
)
def test_what_does_not_go_together(
    description: DataDescription, change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with open_data(description, ARRAYS) as data, pytest.raises(ValueError, match=message):
        train(SETTINGS.changed(change), data, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_tuning_leaves_the_test_part_alone(tmp_path: Path) -> None:
    with open_data(replace(DESCRIPTION, split=Split(0.8, 0.2, 0)), ARRAYS) as data:
        metrics = train(SETTINGS.changed({"task": {"tune": True}}), data, epochs=1)
    assert "test_accuracy" not in metrics
    assert metrics["samples"] == {"train": 64, "validation": 16}


def own_network(first: int = 1) -> Network:
    """A population that learns beside one that does not and is not heard, and another behind."""
    random = np.random.default_rng(first)
    return Network(
        (Source("eye", 24),),
        (
            Population("hidden", 16, PARAMETERS),
            Population("fixed", 8, PARAMETERS, report=False),
            Population("top", 16, PARAMETERS),
        ),
        (
            Projection("eye", "hidden", uniform_weights(random, 24, 16, 8)),
            Projection("eye", "fixed", uniform_weights(random, 24, 8, 8), plastic=False),
            Projection("hidden", "top", uniform_weights(random, 16, 16, 8), delay=1),
            Projection("fixed", "top", uniform_weights(random, 8, 16, 8), plastic=False),
        ),
    )


REST = Settings().changed({"objective": {"burn_in": 4}, "run": {"epochs": 2, "anneal": 1}})


@pytest.mark.slow
@pytest.mark.drawn
def test_an_own_network_has_all_of_it(tmp_path: Path) -> None:
    """The same on two devices, resumed, and scored again; another network is refused."""
    network = own_network()
    with open_data(DESCRIPTION, ARRAYS) as data:
        whole = train(network, data, settings=REST, out=tmp_path / "whole")
        other = train(network, data, device="batched", settings=REST)
        assert same(whole) == same(other)
        assert len(whole["layer_accuracies"]) == 2
        assert whole["test_accuracy"] > 0.5
        scored = evaluate(tmp_path / "whole", data, network=network)
        assert scored["weight_hash"] == whole["weight_hash"]
        train(network, data, settings=REST, out=tmp_path / "run", epochs=1)
        for wrong, readout in ((own_network(2), None), (network, "hidden")):
            message = "network must be the one that the run began with"
            with pytest.raises(ValueError, match=message):
                evaluate(tmp_path / "run", data, network=wrong, readout=readout)
        with pytest.raises(ValueError, match="network must be given, as the run was trained with"):
            evaluate(tmp_path / "run", data)
        ends = train(network, data, settings=REST, out=tmp_path / "run", resume=True)
    assert same(ends) == same(whole)
    assert (tmp_path / "run" / "weights.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_an_own_network_goes_on_memristors() -> None:
    """Ideal ones leave its weights and spikes, annealed too; others are the same on two devices."""
    with open_data(DESCRIPTION, ARRAYS) as data:

        def trained(kind: str | None, device: str = "golden") -> list[Any]:
            settings = REST.changed({"network": {"memristor": kind}})
            found = train(own_network(), data, device=device, settings=settings)
            return [found[name] for name in ("weight_hash", "spike_hash", "test_accuracy")]

        plain, ideal, hfox = (trained(kind) for kind in (None, "ideal", "hfox"))
        assert ideal == plain
        assert hfox[0] != plain[0]
        assert trained("hfox", "batched") == hfox


def test_the_readout_is_what_is_scored() -> None:
    with open_data(DESCRIPTION, ARRAYS) as data:
        ends = [train(own_network(), data, settings=REST, readout=n) for n in ("top", "hidden")]
    first, second = (end["layer_accuracies"] for end in ends)
    assert [ends[0]["test_accuracy"], ends[1]["test_accuracy"]] == [first[1], second[1]]
    assert ends[0]["weight_hash"] != ends[1]["weight_hash"], "readouts are drawn in that order"


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (own_network(), {"readout": "fixed"}, "readout must be one of the populations that learn,"),
        (SETTINGS, {"readout": "top"}, "readout must be left out where the model is Settings"),
        (SETTINGS, {"settings": REST}, "settings must be left out where the model is Settings"),
        (3, {}, "model must be Settings or a Network, not 3"),
        (
            Network(
                (Source("eye", 9),),
                (Population("top", 8, PARAMETERS),),
                (Projection("eye", "top", np.ones((9, 8), np.int64)),),
            ),
            {},
            "size of source 'eye' must be 24, as the data, not 9",
        ),
        (
            own_network(),
            {"settings": Settings().changed({"objective": {"strategy": "direct"}})},
            "strategy of an own network must be local, not 'direct'",
        ),
    ],
)
def test_networks_that_are_refused(model: Any, options: dict[str, Any], message: str) -> None:
    given = {"settings": REST} if isinstance(model, Network) else {}
    burn_in = {"objective": {"burn_in": 4}}
    options = given | options
    if "settings" in options:
        options["settings"] = options["settings"].changed(burn_in)
    with open_data(DESCRIPTION, ARRAYS) as data, pytest.raises(ValueError, match=message):
        train(model, data, **options)


OTHERS = ("series", "vectors")


@pytest.mark.drawn
@pytest.mark.parametrize(
    "kind",
    ["spikes", *(pytest.param(each, marks=pytest.mark.slow) for each in OTHERS)],
)
def test_other_inputs_have_pictures_too(kind: str, tmp_path: Path) -> None:
    """Their ticks may be those of the file; weights that are no images are drawn as a table."""
    flat = IMAGES.reshape(80, 24)
    inputs, description = {
        "spikes": (RANDOM.random((80, 14, 5)) < 0.4, DataDescription(kind="spikes")),
        "series": (
            IMAGES.transpose(0, 2, 1).repeat(3, axis=1),
            DataDescription(kind="series", encoding=SpikeCode(threshold=0.05)),
        ),
        "vectors": (flat, DataDescription(ticks=12)),
    }[kind]
    with open_data(description, {"inputs": inputs, "targets": LABELS}) as data:
        train(SETTINGS, data, out=tmp_path, epochs=1)
        stored = json.loads((tmp_path / CONFIG).read_text())["task"]
        assert stored["ticks"] == data.ticks == (12 if kind == "vectors" else inputs.shape[1])
    assert (tmp_path / "weights.png").read_bytes().startswith(b"\x89PNG")
