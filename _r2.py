import numpy as np

from axonloop.host.devices import open_device
from axonloop.host.training import chip_config, lone_trainer
from tests.host.training.test_integer_loss import DIGITS, TINY

s = TINY.changed({"network": {"layers": [16]}, "objective": {"event_rate": 0.1}})
runs = []
for name in ("golden", "rtl"):
    device = open_device(name, chip_config(s))
    run = lone_trainer(device, s, DIGITS)
    run.place_processor("chip")
    runs.append((device, run))
nodes = [r._on_chip._cores[0].nodes[0] for _, r in runs]
print(nodes[0].constants)
print("w0", (runs[0][0].read_weights() != runs[1][0].read_weights()).sum())
rng = np.random.default_rng(1)
for k in range(3):
    trains = [np.flatnonzero(rng.random(64) < 0.2) for _ in range(8)]
    r = [run._on_chip._chip.learn_sample(trains, [3]) for _, run in runs]
    print([np.array_equal(a, b) for a, b in zip(*r)])
    a, b = [n.state() for n in nodes]
    for key in a:
        print(
            key,
            np.array_equal(a[key], b[key]),
            a[key] if not np.array_equal(a[key], b[key]) else "",
            b[key] if not np.array_equal(a[key], b[key]) else "",
        )
    print(
        (runs[0][0].read_weights() != runs[1][0].read_weights()).sum(),
        runs[0][0].counters(),
        runs[1][0].counters(),
    )
    if not all(np.array_equal(a[key], b[key]) for key in a):
        break
