import time

from axonloop.host.devices import open_device
from axonloop.host.training import chip_config, lone_trainer
from tests.host.training.test_integer_loss import DIGITS, TINY

s = TINY.changed({"network": {"layers": [16]}, "objective": {"event_rate": 0.1}})
out = []
for name in ("golden", "rtl"):
    with open_device(name, chip_config(s)) as device:
        run = lone_trainer(device, s, DIGITS)
        run.place_processor("chip")
        t = time.process_time()
        run.run()
        print(name, time.process_time() - t, device.telemetry)
        out.append((run.weight_hashes(), run.spike_hashes(), run.score(run.validation).value))
        print(out[-1], chip_config(s).geometry, flush=True)
assert out[0] == out[1]
