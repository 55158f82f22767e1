"""The core file by which FuseSoC and Edalize find the Verilog."""

TEMPLATE = """\
CAPI=2:
name: axonloop:neuromorphic:{module}:{version}
description: "{text}"

filesets:
  rtl:
    files:
      - {file}: {{file_type: verilogSource-2005}}
  waivers:
    files:
      - {waivers}: {{file_type: vlt}}

targets:
  default: &default
    filesets: [rtl]
    toplevel: {module}
  lint:
    <<: *default
    description: "Lint with Verilator"
    default_tool: verilator
    filesets: [waivers, rtl]
    tools:
      verilator:
        mode: lint-only
        verilator_options: [-Wall]
"""


def fusesoc_core(module: str, text: str, version: str, file: str, waivers: str) -> str:
    """A core of FuseSoC (CAPI 2): the Verilog `file`, and lint with its `waivers`."""
    names = {"module": module, "text": text, "version": version}
    return TEMPLATE.format(file=file, waivers=waivers, **names)
