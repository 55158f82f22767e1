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

CELL = """
module cell_of_chip(input clk, input write, output [27:0] word);
  reg [27:0] kept;
  always @(posedge clk) if (write) kept <= 0;
  assign word = kept;
endmodule
"""
"""A word that nobody initialised."""

CELLS = (
    PORTS
    + "wire [27:0] first, second;\n"
    + "wire clears = commands__valid & commands__payload[1];\n"
    + "cell_of_chip cell_0(.clk(clk), .write(clears), .word(first));\n"
    + "cell_of_chip cell_1(.clk(clk), .write(clears), .word(second));\n"
    + "assign commands__ready = replies__ready; assign replies__valid = commands__valid;\n"
    + "assign replies__payload = {4'h3, commands__payload[0] ? second : first}; endmodule\n"
)
"""Answers a TICK with the word of its first cell, or, with bit 0, its second; bit 1 clears both."""
