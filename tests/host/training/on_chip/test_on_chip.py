"""Training on compiled RTL whose own processor computes the losses."""

from __future__ import annotations

import pytest

from axonloop.host.devices import open_device
from axonloop.host.training import chip_config, lone_trainer
from tests.host.training.on_chip.test_integer_loss import DIGITS
from tests.support.simulated.noded_board import SETTINGS


@pytest.mark.slow
def test_compiled_rtl_learns_alone() -> None:
    """As the golden chip with a golden node: weights, spikes, state of the node and counts."""
    pytest.importorskip("pythondata_cpu_picorv32")
    found = []
    for name in ("golden", "rtl"):
        with open_device(name, chip_config(SETTINGS)) as device:
            run = lone_trainer(device, SETTINGS, DIGITS)
            run.place_processor("chip")
            run.run()
            score = run.score(run.validation).value
            (core,) = run.layers.readers.values()
            state = {key: value.tolist() for key, value in core.state().items()}
            errors = list(run.layers.errors)
            found.append((run.weight_hashes(), run.spike_hashes(), score, state, errors))
    assert found[0] == found[1]
    assert found[0][-1][0] > 0


@pytest.mark.slow
def test_a_compiled_chip_has_one_node() -> None:
    told = pytest.raises(ValueError, match="nodes of a compiled chip must be 1, not 0")
    with open_device("rtl", chip_config(SETTINGS)) as device, told:
        device.with_nodes([])
