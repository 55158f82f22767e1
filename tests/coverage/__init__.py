"""Coverage of the RTL: the lines of its Verilog and the bits of its signals that traffic reaches."""
