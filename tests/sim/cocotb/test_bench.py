"""What a bench may reach of a design under Verilator: its ports, however they are declared."""

import pytest

from axonloop.sim.cocotb.bench import _public_ports


@pytest.mark.parametrize(
    "head",
    ["module top(clk, told);", "module top (\n  input wire clk,\n  output reg [31:0] told\n);"],
    ids=["names", "declarations"],
)
def test_every_port_is_public(head: str) -> None:
    lines = _public_ports(f"module other(a);\nendmodule\n{head}\nendmodule\n", "top").splitlines()
    wanted = [f'public_flat_rw -module "top" -var "{port}"' for port in ("clk", "told")]
    assert lines == ["`verilator_config", *wanted]
