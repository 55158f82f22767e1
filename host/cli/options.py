"""Options that commands of several files take."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[Path | None, typer.Option("--json", help="Write the results to this file.")]
WaveFile = Annotated[
    Path | None, typer.Option("--wave", help="Write a waveform of the RTL, .fst or .vcd.")
]
WaveTicks = Annotated[
    str | None, typer.Option("--ticks", help="Ticks of the waveform, as 100:300, without 300.")
]
WaveSignals = Annotated[
    str | None,
    typer.Option("--signals", help="Signals and modules, by commas, as core.neurons.* [all]."),
]
WaveDepth = Annotated[
    int | None, typer.Option("--depth", help="Levels of modules below those [all].")
]
Configuration = Annotated[
    Path | None,
    typer.Option(help="TOML or JSON file of network, training and chip (docs/configuration.md)."),
]
