"""The register map as a Python module that imports nothing."""

from collections.abc import Iterable

from axonloop.hdl.flow.headers.constants import Section


def python_header(sections: Iterable[Section], banner: str) -> str:
    """A module of constants; its docstring is `banner`."""
    lines = [f'"""{banner}"""']
    for section in sections:
        lines += ["", f"# {section.title}"]
        for each in section.constants:
            text = f"  # {each.text}" if each.text else ""
            lines.append(f"{each.name} = {each.value:#x}{text}")
    return "\n".join([*lines, ""])
