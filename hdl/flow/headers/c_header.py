"""The register map as a header for C and C++."""

from collections.abc import Iterable

from axonloop.hdl.flow.headers.constants import Section

PREFIX = "AXONLOOP_"
MACROS = """\
/* Words of packets: a header, and the address of a READ or WRITE. */
#define AXONLOOP_HEADER(kind, core, argument) \\
    ((uint32_t)(kind) << 28 | (uint32_t)(core) << 20 | (uint32_t)(argument))
#define AXONLOOP_ADDRESS(region, offset) ((uint32_t)(region) << 24 | (uint32_t)(offset))
"""


def c_header(sections: Iterable[Section], banner: str) -> str:
    """A header of C99 whose first comment has the lines of `banner`."""
    lines = [
        f"/* {banner} */",
        "#ifndef AXONLOOP_H",
        "#define AXONLOOP_H",
        "",
        "#include <stdint.h>",
    ]
    for section in sections:
        lines += ["", f"/* {section.title} */"]
        for each in section.constants:
            text = f" /* {each.text} */" if each.text else ""
            lines.append(f"#define {PREFIX}{each.name} {each.value:#x}u{text}")
    return "\n".join([*lines, "", MACROS, "#endif", ""])
