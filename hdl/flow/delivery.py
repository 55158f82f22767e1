"""A chip for projects of others: Verilog, its waivers, and the register map for their tools."""

import dataclasses
import re
from importlib.metadata import version

from axonloop.hdl.boards import Build
from axonloop.hdl.flow.fusesoc import fusesoc_core
from axonloop.hdl.flow.headers import (
    bus_sections,
    bus_systemrdl,
    c_header,
    python_header,
    sections,
    systemrdl,
)
from axonloop.hdl.flow.portable import portable_verilog, waivers
from axonloop.hdl.flow.tops import CLOCK, Delivery, find_delivery
from axonloop.models.checks import require

_PORT = re.compile(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", re.MULTILINE)


def verilog_files(build: Build, top: str, stem: str, number: int = 0) -> dict[str, str]:
    """By name, the texts of `stem`.v, the module of `top` for a build, and of `stem`.vlt.

    `top` is one of `DELIVERIES`; `number` is the build hash that the design tells. The same
    arguments give the same texts. ValueError for an unknown top, a link that no clock allows, or a
    build with a processing node.
    """
    require(not build.processor, "board.processor", "false in Verilog to deliver", build.processor)
    delivery = find_delivery(top)
    text = portable_verilog(delivery.make(build, number), delivery.module)
    head = "\n".join(f"// {line}".rstrip() for line in _head(build, delivery, text))
    return {f"{stem}.v": f"{head}\n\n{text}", f"{stem}.vlt": waivers(f"{stem}.v")}


def header_files(build: Build, top: str, stem: str) -> dict[str, str]:
    """By name, the texts of the headers, the register map, and the core file of FuseSoC."""
    delivery = find_delivery(top)
    told = f"{delivery.module}: {_title(build)}; written by axonloop {version('axonloop')}"
    known = [*sections(build.geometry, build.mesh), *(bus_sections() if delivery.on_bus else ())]
    core = (delivery.module, delivery.text, version("axonloop"), f"{stem}.v", f"{stem}.vlt")
    return {
        f"{stem}.h": c_header(known, told),
        f"{stem}_map.py": python_header(known, f"{told}."),
        f"{stem}.rdl": systemrdl(build.geometry, told)
        + (bus_systemrdl() if delivery.on_bus else ""),
        f"{stem}.core": fusesoc_core(*core),
    }


def _title(build: Build) -> str:
    geometry = build.geometry
    return f"{build.mesh} cores of {geometry.axons} axons and {geometry.neurons} neurons"


def _head(build: Build, delivery: Delivery, text: str) -> list[str]:
    """What a reader of the Verilog should know first: parameters and ports."""
    fixed = dataclasses.asdict(build.geometry) | {"layout": build.geometry.layout.name.lower()}
    lines = [
        f"{delivery.module}: {delivery.text}",
        f"{_title(build)}. Written by axonloop {version('axonloop')}; not to be changed by hand.",
        "SPDX-License-Identifier: Apache-2.0",
        "",
        "Parameters, fixed when this was written (docs/contract.md, section 1):",
        f"  mesh {build.mesh}",
        *(f"  {name} {value}" for name, value in fixed.items()),
    ]
    lines += [f"  {name} {getattr(build, name)}" for name in delivery.fixed]
    meanings = {**CLOCK, **delivery.ports}
    lines += ["", "Ports:"]
    top = text[: text.index("endmodule")]
    for way, high, name in _PORT.findall(top):
        lines.append(f"  {way:<6} {int(high or 0) + 1:>3}  {name:<18} {meanings[name]}")
    return lines
