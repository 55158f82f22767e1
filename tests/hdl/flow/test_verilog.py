"""Verilog text: the contents of memories are the same, in fewer lines."""

import re

from axonloop.hdl.flow.verilog import _CONTENTS, _folded

WORDS = {0: "8'h00", 1: "8'h00", 2: "8'h05", 3: "8'h00", 4: "8'h00", 5: "8'h00", 9: "8'h00"}
LOOP = re.compile(r"for \(place = (\d+); place <= (\d+); place = place \+ 1\) m\[place\] = (\S+);")


def test_loops_write_the_words_that_lines_wrote():
    lines = "".join(f"    m[{place}] = {value};\n" for place, value in WORDS.items())
    before, after = "  reg [7:0] m [9:0];\n", "  always @(posedge clk) begin\n  end\n"
    text = _CONTENTS.sub(_folded, f"{before}  initial begin\n{lines}  end\n{after}")
    assert text.startswith(before + "  initial begin : contents_of_m\n    integer place;\n")
    assert text.endswith("  end\n" + after)
    loops = LOOP.findall(text)
    assert len(loops) == 4
    found = {k: value for a, b, value in loops for k in range(int(a), int(b) + 1)}
    assert found == WORDS
