"""Verilog for others: plain names, no tricks of one tool, and waivers for Verilator's lint.

It computes what `verilog.component_verilog` computes, which is written to simulate fast.
"""

import itertools
import re

from amaranth.back import rtlil
from amaranth.lib import wiring

from axonloop.hdl.flow.synthesis import without_idle_contents
from axonloop.hdl.flow.verilog import folded, run_yosys, uncollected

SCRIPT = """
proc -noopt
opt_clean
opt_dff
opt_merge
memory_collect
opt_clean -purge
attrmap -remove generator -remove top -remove src
write_verilog -noattr
"""
WAIVERS = {
    "DECLFILENAME": "one file has all modules, whatever its name",
    "UNUSEDSIGNAL": "a bus or a record has bits of which one of its readers has no use",
    "WIDTHEXPAND": "a narrow operand is extended as the standard says, by its sign if it has one",
    "WIDTHTRUNC": "the upper bits of a shifted word are dropped on purpose",
    "CMPCONST": "a core or router at the mesh's edge compares with a bound that is always kept",
    "UNSIGNED": "as CMPCONST, at the other edge",
}
"""Rules of Verilator that the Verilog breaks on purpose, and why."""

_ESCAPED = re.compile(r"\\(\S+) ")
_REGISTER = re.compile(r"^  reg ((?:\[\d+:\d+\] )?(\S+)) = (\S+);$", re.MULTILINE)
_CHOICE = re.compile(
    r"    casez \(s\) // synopsys parallel_case\n"
    r"((?:      \d+'b[?1]+:\n        \w+ = b\[\d+:\d+\];\n)+)"
    r"      default:\n        (\w+) = a;\n    endcase\n"
)
_MODULE = re.compile(r"^module (\w+)\(.*?^endmodule", re.MULTILINE | re.DOTALL)
_DECLARED = re.compile(r"^  (?:input|output|reg|wire) (?:\[\d+:\d+\] )?(\w+)", re.MULTILINE)
_INSTANCE = re.compile(r"^  (\w+) (\w+) \($", re.MULTILINE)
_TAKEN = re.compile(r"\d+'b\?*1(\?*):\n\s+\w+ = b\[(\d+):(\d+)\];")


def portable_verilog(component: wiring.Component, name: str) -> str:
    """Verilog-2005 of a component: module `name` with its ports, clk and rst.

    Registers begin with `initial`, choices are sums of products, and no name has other characters
    than letters, digits and underscores, so that no tool needs to know another one's habits. An
    instance has no name that is a signal inside it. Memories that no one reads before they are
    written have no first contents.
    """
    with uncollected():
        design = without_idle_contents(rtlil.convert(component, name=name, emit_src=False))
    text = folded(run_yosys(design, SCRIPT), "place_of_word")
    text = _with_own_instances(_with_plain_names(_CHOICE.sub(_sum_of_products, text)))
    text = _REGISTER.sub(r"  reg \1;\n  initial \2 = \3;", text)
    return text.partition("\n")[2].lstrip("\n")  # without the line that names Yosys' version


def waivers(file: str) -> str:
    """Verilator's configuration file for `file`: what it may find there, and why."""
    lines = ["`verilator_config"]
    for rule, why in WAIVERS.items():
        lines += [f"// {why}", f'lint_off -rule {rule} -file "*{file}"']
    return "\n".join(lines) + "\n"


def _sum_of_products(choice: re.Match[str]) -> str:
    """A choice among inputs of which at most one is wanted, as Yosys maps it to gates."""
    terms = []
    for behind, high, low in _TAKEN.findall(choice[1]):
        width = int(high) - int(low) + 1
        terms.append(f"({{{width}{{s[{len(behind)}]}}}} & b[{high}:{low}])")
    total = " |\n      ".join(terms)
    return f"    {choice[2]} = |s ? ({total}) : a;\n"


def _with_plain_names(text: str) -> str:
    """The same with a plain name for every name that needs a backslash."""
    strange = sorted(set(_ESCAPED.findall(text)))
    taken = set(re.findall(r"\w+", _ESCAPED.sub("", text)))
    plain = {}
    for name in strange:
        wanted = re.sub(r"\W|\$", "_", name)
        if wanted == name:  # a word of the language
            wanted += "_"
        ends = itertools.chain([""], (f"_{k}" for k in itertools.count(2)))
        plain[name] = next(wanted + end for end in ends if wanted + end not in taken)
        taken.add(plain[name])
    return _ESCAPED.sub(lambda found: plain[found[1]], text)


def _with_own_instances(text: str) -> str:
    """The same with `NAME_inside` for an instance that is named like a signal of its module."""
    inside = {found[1]: set(_DECLARED.findall(found[0])) for found in _MODULE.finditer(text)}

    def renamed(found: re.Match[str]) -> str:
        module, name = found.groups()
        return f"  {module} {name}{'_inside' * (name in inside.get(module, ()))} ("

    return _INSTANCE.sub(renamed, text)
