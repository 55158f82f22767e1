"""Packets: the contract's kinds and fields, bit by bit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonloop.models.protocol import Fault, Kind, packets
from tests.support.contract import PAGE, table


def test_kinds_are_the_contracts() -> None:
    rows = table("kind", "name", "to the chip")
    named = {row[1]: int(row[0]) for row in rows if row[1] != "-"}
    assert named == dict(Kind.__members__)
    assert [row[0] for row in rows if row[1] == "-"] == ["0", "11..15"]


def test_fault_codes_are_the_contracts() -> None:
    text = " ".join(PAGE.read_text().split())
    assert "FAULT: code 1 unknown kind" in text
    assert "2 another core's number" in text
    assert "3 an axon, neuron, delay or address out of range" in text
    assert "4 LEARN when already learned" in text
    assert dict(Fault.__members__) == {"KIND": 1, "CORE": 2, "RANGE": 3, "LEARNED": 4}


@given(st.sampled_from(Kind), st.integers(0, 255), st.integers(0, 2**20 - 1))
def test_headers_come_apart_again(kind: Kind, core: int, argument: int) -> None:
    word = packets.header(kind, core, argument)
    assert word == kind * 2**28 + core * 2**20 + argument < 2**32
    found = packets.kind_of(word), packets.core_of(word), packets.argument_of(word)
    assert found == (kind, core, argument)


@given(st.integers(0, 254), st.integers(0, 2047), st.integers(0, 15))
def test_spikes(core: int, axon: int, delay: int) -> None:
    assert packets.spike(core, axon, delay) == 1 << 28 | core << 20 | delay << 16 | axon


@given(st.integers(0, 254), st.integers(0, 2047), st.integers(-127, 127), st.booleans())
def test_errors(core: int, neuron: int, value: int, ungated: bool) -> None:
    word = packets.error(core, neuron, value, ungated)
    assert word == 2 << 28 | core << 20 | ungated << 19 | neuron << 8 | value % 256
    assert packets.neuron_of_error(word) == neuron
    far = packets.error(core, neuron + 2048, value, ungated)
    assert far == word + (8 << 28)
    assert packets.neuron_of_error(far) == neuron + 2048


def test_known_words() -> None:
    """By hand from the page, so that both sides cannot be wrong together."""
    assert packets.spike(2, 0x0123, 1) == 0x1021_0123
    assert packets.error(0, 5, -1) == 0x2000_05FF
    assert packets.error(0, 5, 3, ungated=True) == 0x2008_0503
    assert (packets.tick(1), packets.tick(1, learn=True)) == (0x3010_0000, 0x3010_0001)
    assert packets.write(0, 0x1000_0000, [7, 8]) == [0x6000_0002, 0x1000_0000, 7, 8]
    assert packets.read(0, 0x2000_0004, 16) == [0x7000_0010, 0x2000_0004]


def test_neurons_of_errors_beyond_those_that_words_reach_are_refused() -> None:
    with pytest.raises(ValueError, match=r"neuron of an error event must be .* 0..4095, not 4096"):
        packets.error(0, 4096, 1)


@pytest.mark.parametrize("value", [-128, 128, 1.0])
def test_error_values_out_of_range_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match=r"error event must be a whole number in -127..127, not"):
        packets.error(0, 0, value)


@pytest.mark.parametrize("count", [0, 65536])
def test_counts_out_of_range_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=r"number of words must be a whole number in 1..65535"):
        packets.read(0, 0, count)
    with pytest.raises(ValueError, match=r"number of words must be a whole number in 1..65535"):
        packets.write(0, 0, [0] * count)


@given(st.integers(0, 254), st.booleans())
def test_ticks(core: int, learn: bool) -> None:
    assert packets.tick(core, learn) == 3 << 28 | core << 20 | learn


def test_reads_and_writes_say_how_many_words() -> None:
    assert packets.write(2, 0x0100_0003, [7, 8]) == [6 << 28 | 2 << 20 | 2, 0x0100_0003, 7, 8]
    assert packets.read(2, 0x0100_0003, 65535) == [7 << 28 | 2 << 20 | 65535, 0x0100_0003]
    for count in (0, 65536):
        with pytest.raises(ValueError, match=r"number of words must be .*65535, not"):
            packets.read(0, 0, count)
        with pytest.raises(ValueError, match=r"number of words must be .*65535, not"):
            packets.write(0, 0, [1] * count)
