"""Coverage of the RTL: lines of its Verilog and bits of its signals that traffic reaches."""
