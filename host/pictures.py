"""One style for all pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from axonloop.host.files import write_whole

INK, BLUE, ORANGE, GREY = "#222222", "#1f6fb2", "#d1602c", "#9a9a9a"


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all, and close it."""
    figure.tight_layout()
    write_whole(path, lambda file: figure.savefig(file, format="png", dpi=130))
    plt.close(figure)


def bare(axes: Any) -> None:
    """Take the upper and the right frame away."""
    axes.spines[["top", "right"]].set_visible(False)
