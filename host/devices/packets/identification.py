"""A board's identification (docs/link.md, section 5), and the chip that it describes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from axonloop.host.devices.device import DeviceError
from axonloop.host.devices.packets.packing import Words
from axonloop.models.config import (
    ChipConfig,
    ConvolutionGeometry,
    CoreConfig,
    Geometry,
    Layout,
    Mesh,
    ParameterSet,
    parameter_max,
)
from axonloop.models.protocol import Control, Identity, configuration_hash, geometry_fields


def chip_of(identity: Words) -> ChipConfig:
    """A chip of the board's geometry and mesh, with default parameters and tables.

    DeviceError if no chip is built so, or if the words are not those of the configuration hash.
    """
    words = identity[Identity.CORE :].tolist()
    expected, found = int(identity[Identity.CONFIGURATION]), configuration_hash(words)
    if found != expected:
        raise DeviceError(f"configuration hash must be 0x{expected:08x}, not 0x{found:08x}")
    try:
        geometry, mesh = _geometry_of(words[1:])
        sets = (_default_set(geometry),)
        cores = [CoreConfig(geometry, sets, core=words[0] + index) for index in range(mesh.cores)]
        return ChipConfig(tuple(cores), mesh)
    except ValueError as error:
        raise DeviceError(f"board must be of a known geometry: {error}") from error


def _default_set(geometry: Geometry) -> ParameterSet:
    """Default parameters, as far as the geometry's widths hold them."""
    limits = parameter_max(geometry)
    values = {name: value for name, value in vars(ParameterSet()).items() if name != "terms"}
    return ParameterSet(**{name: min(value, limits.get(name, 0)) for name, value in values.items()})


def _geometry_of(words: Sequence[int]) -> tuple[Geometry, Mesh]:
    """The inverse of `geometry_words`; ValueError if no chip has these."""
    names = (field.name.lower() for field in geometry_fields(len(words)))
    values: dict[str, Any] = dict(zip(names, words, strict=True))
    mesh = Mesh(values.pop("columns"), values.pop("rows"))
    values["layout"] = Layout(values["layout"])
    kernels = values.pop(Control.KERNELS.name.lower(), None)
    if kernels is None:
        return Geometry(**values), mesh
    sizes = {"kernel_rows": kernels & 0xFFFF, "kernel_columns": kernels >> 16}
    return ConvolutionGeometry(**values, **sizes), mesh


def described(identity: Words) -> dict[str, str]:
    """The identification for people, a name and a value each."""
    word = [int(value) for value in identity]
    values = word[Identity.GEOMETRY :]
    geometry = zip(geometry_fields(len(values)), values, strict=True)
    return {
        "protocol version": str(word[Identity.VERSION]),
        "clock": f"{word[Identity.CLOCK]:,} Hz",
        "rate of the line": f"{word[Identity.BAUD]:,} bit/s",
        "buffers": f"{word[Identity.COMMAND_DEPTH]}, {word[Identity.REPLY_DEPTH]} words",
        "build hash": f"{word[Identity.BUILD]:08x}",
        "configuration hash": f"{word[Identity.CONFIGURATION]:08x}",
        "core number": str(word[Identity.CORE]),
    } | {field.name.lower().replace("_", " "): str(value) for field, value in geometry}
