"""Chips that are quick to compile: one that is real, and Verilog of a few lines that is not."""

from axonloop.models.config import Geometry

TINY = Geometry(
    axons=4,
    neurons=4,
    lanes=2,
    update_lanes=2,
    trace_lanes=2,
    multipliers=2,
    entries=8,
    parameter_sets=2,
)
"""A whole core, with two of everything that there can be several of."""

PORTS = """
module axonloop_chip(input clk, input rst,
  input [31:0] commands__payload, input commands__valid, output commands__ready,
  output [31:0] replies__payload, output replies__valid, input replies__ready);
"""

SILENT = PORTS + "assign commands__ready = 1; assign replies__valid = 0; endmodule\n"
"""Takes every word and never answers."""

DEAF = PORTS + "assign commands__ready = 0; assign replies__valid = 0; endmodule\n"
"""Takes no word."""

ECHO = (
    PORTS
    + "assign commands__ready = replies__ready; assign replies__valid = commands__valid;\n"
    + "assign replies__payload = commands__payload; endmodule\n"
)
"""Sends back what it gets, in the same cycle: a TICK is its own answer."""
