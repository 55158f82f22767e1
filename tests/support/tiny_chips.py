"""Verilog modules of a few lines with the chip's ports: quick to compile, and nothing like it."""

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
