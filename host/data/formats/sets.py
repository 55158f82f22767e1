"""Data sets of many recordings: what their folders hold, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from axonloop.host.data.event_bins import EventBins
from axonloop.models.checks import require


@dataclass(frozen=True)
class SetFormat:
    """A data set as it is published: how its events are binned, and what its folder holds.

    `parts`: what lies in the folder for training, validation ("": nothing of its own) and test.
    `targets` is the key of the classes; `about` says the folder in words.
    """

    name: str
    bins: EventBins
    classes: int
    parts: tuple[str, str, str]
    about: str
    targets: str = "targets"


_COCHLEA = EventBins((700,), x="spikes/units", t="spikes/times", unit="s", from_zero=True)
SETS = {
    each.name: each
    for each in (
        SetFormat(
            "n-mnist",
            EventBins((2, 34, 34)),
            10,
            ("Train", "", "Test"),
            "a folder with Train and Test, and in both the folders 0 to 9 of .bin files",
        ),
        SetFormat(
            "dvs-gesture",
            EventBins((2, 128, 128)),
            11,
            ("trials_to_train.txt", "", "trials_to_test.txt"),
            "a folder with trials_to_train.txt, trials_to_test.txt, and of every recording that"
            " they name NAME.aedat and NAME_labels.csv",
        ),
        SetFormat(
            "shd",
            _COCHLEA,
            20,
            ("shd_train.h5", "", "shd_test.h5"),
            "a folder with shd_train.h5 and shd_test.h5",
            "labels",
        ),
        SetFormat(
            "ssc",
            _COCHLEA,
            35,
            ("ssc_train.h5", "ssc_valid.h5", "ssc_test.h5"),
            "a folder with ssc_train.h5, ssc_valid.h5 and ssc_test.h5",
            "labels",
        ),
    )
}
"""Data sets by the name that `[data] format` gives them."""
FILED = ("n-mnist", "dvs-gesture")
"""Those of many files; the others are HDF5."""


def set_format(name: str) -> SetFormat:
    """A format of data sets by its name; ValueError for an unknown one."""
    require(name in SETS, "format", f"left out or one of {', '.join(SETS)}", name)
    return SETS[name]


def parts_of(kind: SetFormat, path: Path) -> tuple[Path, Path | None, Path | None]:
    """What to open for training, validation and test: of a folder its parts, a lone part for all.

    Raises ValueError, which says what belongs where, for a folder that has not got them.
    """
    wanted = f"{kind.about}, or one part of it"
    require(path.exists(), f"data of format {kind.name}", wanted, str(path))
    found = [path / name if name else None for name in kind.parts]
    if path.is_file() or (kind.name == "n-mnist" and not (path / kind.parts[0]).exists()):
        return path, None, None
    missing = [each.name for each in found if each is not None and not each.exists()]
    require(not missing, f"{path.name} of format {kind.name}", kind.about, f"without {missing}")
    train, validation, test = found
    assert train is not None
    return train, validation, test
