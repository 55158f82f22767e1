"""Options that commands of several files take."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[Path | None, typer.Option("--json", help="Write the results to this file.")]
