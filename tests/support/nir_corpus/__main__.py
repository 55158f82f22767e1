"""Write the corpus of NIR graphs anew, each tool that is installed by itself.

    python -m tests.support.nir_corpus [TOOL...]

from the root of the repository, in an environment with nir, torch and the tools: snntorch,
norse, sinabs (it needs pbr too), spikingjelly, rockpool. docs/nir.md lists the versions that the
files of today come from.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

from tests.support.nir_corpus.common import save, seed

TOOLS = ("snntorch", "norse", "sinabs", "spikingjelly", "rockpool")
FOLDER = Path(__file__).parents[2] / "host" / "nir" / "corpus"


def main(tools: list[str]) -> None:
    """Write every graph of `tools`; what an exporter refuses is kept with its message."""
    warnings.simplefilter("ignore")
    for tool in tools or TOOLS:
        module = importlib.import_module(f"tests.support.nir_corpus.{tool}_graphs")
        refused = {}
        for number, (name, make) in enumerate(module.GRAPHS.items()):
            path = FOLDER / f"{tool}-{name}"
            seed(number)
            try:
                written = make()
                save(path, written)
            except Exception as error:  # whatever an exporter raises is what is recorded
                for suffix in (".nir.gz", ".npz"):
                    path.with_suffix(suffix).unlink(missing_ok=True)
                refused[name] = f"{type(error).__name__}: {' '.join(str(error).split())}"[:160]
                print(f"{tool}-{name}: {refused[name]}")
            else:
                rates = {k: round(float(s.mean()), 3) for k, s in written.spikes.items()}
                print(
                    f"{tool}-{name}: {rates}, at most {max(s.max() for s in written.spikes.values())}"
                )
        text = json.dumps({"version": version(tool), "refused": refused}, indent=2)
        (FOLDER / f"{tool}.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
