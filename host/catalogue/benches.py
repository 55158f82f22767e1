"""The benches. A new one is its module, and an entry here."""

from __future__ import annotations

from typing import Any

from axonloop.host.catalogue.entry import Entry, by_name


def _bench(name: str, what: str, source: str, time: str, module: str = "", **options: Any) -> Entry:
    return Entry("bench", name, f"bench.{module or name}", what, source, time, options)


BENCHES = by_name(
    _bench("core", "cycles and speed of a core, beside other cores", "docs/figures.md", "1 minute"),
    _bench(
        "batched",
        "many chips at once in integers, beside float networks in torch",
        "docs/batched.md",
        "1 minute",
    ),
    _bench(
        "convolution",
        "convolutions of many chips in integers, beside the same network in float",
        "docs/convolution.md",
        "1 minute",
    ),
    _bench(
        "link",
        "what the serial link makes of its line, on a co-simulated board",
        "docs/link.md",
        "minutes",
    ),
    _bench(
        "node",
        "bytes of a training tick with losses in the host and in a processing node on a board",
        "docs/processor.md",
        "minutes",
    ),
    _bench(
        "mesh",
        "traffic on the mesh; one network on one, two and four cores",
        "docs/figures.md",
        "10 minutes",
    ),
    _bench(
        "gpu",
        "the batched emulator on a GPU: compared bit by bit, timed beside float torch",
        "docs/batched.md",
        "not measured",
        device="batched:cuda",
        full=False,
    ),
    _bench(
        "all",
        "every bench but that of GPUs, in one table",
        "docs/figures.md",
        "20 minutes",
        "everything",
    ),
)
"""What is measured of speed."""
