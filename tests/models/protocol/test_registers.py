"""The register map: the contract's tables agree with the code; words pack and unpack."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonloop.models.config import ConvolutionGeometry, Geometry, parameter_max
from axonloop.models.protocol import (
    CONVOLUTION_INDEX,
    FANOUT_FIELDS,
    GROUP_FIELDS,
    MODEL_COUNTERS,
    PARAMETER_INDEX,
    READ_ONLY,
    ROW_FIELDS,
    Control,
    Counter,
    Region,
    regions,
    registers,
)
from axonloop.models.protocol.registers import Field
from tests.support.contract import evaluate, table
from tests.support.random.cores import random_geometry

IF_BUILT = {
    ", if T > 0": "terms",
    ", if memristor > 0": "memristor",
    ", if mask = 1": "mask",
    ", if convolutions > 0": "convolutions",
}
REGION_ROWS = [row for row in table("region", "code", "words") if not row[0].startswith("*")]


def spans(text: str) -> dict[str, Field]:
    """Fields written as `name 11..0, name 28`."""
    found = re.findall(r"([a-z_]+) (\d+)(?:\.\.(\d+))?", text)
    return {
        name: Field(int(low or high), int(high) - int(low or high) + 1) for name, high, low in found
    }


def words_of(text: str, geometry: Geometry) -> int:
    text = re.sub(r"\bcounters\b", "counter_count", text)
    for condition, name in IF_BUILT.items():
        if text.endswith(condition):
            built = getattr(geometry, name) > 0
            return words_of(text.removesuffix(condition), geometry) if built else 0
    return evaluate(
        text,
        counter_count=len(Counter),
        K=geometry.parameter_sets,
        D=geometry.delay_slots,
        axons=geometry.axons,
        neurons=geometry.neurons,
        groups=geometry.groups,
        entries=geometry.entries,
        convolutions=geometry.convolutions,
        weight_stride=regions.weight_stride(geometry),
        pending_stride=regions.pending_stride(geometry),
    )


def test_region_codes_are_the_contracts() -> None:
    found = {}
    for names, codes, *_ in REGION_ROWS:
        pairs = zip(names.split(", "), codes.split(", "), strict=True)
        found |= {name: int(code, 16) for name, code in pairs}
    assert found == {region.name: region.value for region in Region}


@pytest.mark.parametrize("seed", range(10))
def test_region_words_are_the_contracts(seed: int) -> None:
    geometry = random_geometry(np.random.default_rng(seed))
    if seed % 2:
        built = {"terms": 1, "weight_bits": 8, "memristor": 2, "mask": 1}
        geometry = replace(geometry, **built)
    expected = {
        Region[name]: words_of(row[2], geometry)
        for row in REGION_ROWS
        for name in row[0].split(", ")
    }
    there = {region: words for region, words in expected.items() if words}
    assert regions.region_words(geometry) == there
    for stride, count in (
        (regions.weight_stride(geometry), geometry.neurons // geometry.weights_per_word),
        (regions.pending_stride(geometry), geometry.axons // geometry.trace_lanes),
    ):
        assert (stride.bit_count(), stride // 2 < count <= stride) == (1, True)


def test_every_region_fits_the_address() -> None:
    big = Geometry(axons=2048, neurons=2048, weight_bits=16, entries=65536)
    assert max(regions.region_words(big).values()) <= 1 << 24
    assert regions.address(Region.WEIGHT, 5) == 0x2000_0005


def test_fields_of_tables_are_the_contracts() -> None:
    words = {row[0]: row[3] for row in REGION_ROWS}
    assert spans(words["ROW"]) == ROW_FIELDS
    assert spans(words["GROUP"]) == GROUP_FIELDS
    assert spans(words["FANOUT"]) == FANOUT_FIELDS
    read_only = {
        Region[name] for row in REGION_ROWS if "read-only" in row[3] for name in row[0].split(", ")
    }
    assert read_only == READ_ONLY


@pytest.mark.parametrize("seed", range(5))
def test_signs_and_widths_of_state(seed: int) -> None:
    geometry = random_geometry(np.random.default_rng(seed))
    bits = regions.value_bits(geometry)
    signs = {
        Region[name]: row[3].startswith("signed")
        for row in REGION_ROWS
        if row[3].startswith(("signed", "unsigned"))
        for name in row[0].split(", ")
    }
    assert {region: bits[region][1] for region in signs} == signs
    widths = {
        "state_bits, signed": geometry.state_bits,
        "6, unsigned": 6,
        "1": 1,
        "trace_bits, unsigned": geometry.trace_bits,
        "pq_bits, unsigned": geometry.pq_bits,
        "error_bits + 8, signed, wrapping": geometry.error_bits + 8,
    }
    order = "CURRENT COUNTDOWN BOX TRACE_Q TRACE_PQ TRACE_Z TRACE_QQ GATED"
    rows = [
        row for row in table("state", "shape", "width")[1:] if row[0][:4] not in ("mark", "modu")
    ]
    found = [bits[Region[name]][0] for name in order.split(" ")]
    assert found == [widths[row[2]] for row in rows[: len(found)]]
    assert bits[Region.MARK] == (2, False)


def test_parameter_indexes_and_widths_are_the_contracts() -> None:
    rows = table("index", "name", "range")
    expected = {row[1]: int(row[0]) for row in rows if ".." not in row[0]}
    assert [row[:2] for row in rows if ".." in row[0]] == [["24..27", "term_0..term_3"]]
    expected |= {f"term_{k}": 24 + k for k in range(4)}
    assert expected == PARAMETER_INDEX
    assert max(expected.values()) < registers.PARAMETER_STRIDE
    geometry = Geometry(terms=4, blank_out=1, memristor=2, threshold_noise=1)
    assert registers.parameter_bits(geometry).keys() == PARAMETER_INDEX.keys()
    for name, bits in registers.parameter_bits(geometry).items():
        assert 1 << (bits - 1) <= parameter_max(geometry)[name] < 1 << bits


def test_control_words_are_the_contracts() -> None:
    rows = dict(row for row in table("CONTROL offset", "word"))
    assert int(rows["0"], 16) == registers.MAGIC
    assert registers.MAGIC.to_bytes(4, "big") == b"AXLP"
    names = ["magic", "version", "core", *rows["3..25"].split(", ")]
    assert [Control(n).name.lower() for n in range(26)] == names
    assert "tick, seed, learned (writable)" in rows["26, 27, 28"]
    assert (Control.TICK, Control.SEED, Control.LEARNED, Control.COUNTERS) == (26, 27, 28, 32)
    assert rows["29"].startswith("modulation M, signed (writable")
    assert Control.MODULATION == 29
    assert "32 + 2n, 33 + 2n" in rows
    assert rows["30, 31"].startswith("convolutions; kernel_rows 15..0 and kernel_columns 31..16")
    assert (Control.CONVOLUTIONS, Control.KERNELS) == (30, 31)
    geometry = ConvolutionGeometry(kernel_rows=90, kernel_columns=48)
    assert registers.kernels_word(geometry) == 48 << 16 | 90
    assert (registers.version_of(geometry), registers.version_of(Geometry())) == (5, 4)


def test_convolution_indexes_are_the_contracts() -> None:
    rows = table("index", "descriptor", "range")
    assert {row[1]: int(row[0]) for row in rows} == CONVOLUTION_INDEX


def test_a_core_with_convolutions_has_their_words_and_fewer_weights() -> None:
    geometry = ConvolutionGeometry(convolutions=3, kernel_rows=90, kernel_columns=48)
    words = regions.region_words(geometry)
    assert words[Region.CONVOLUTION] == 48
    assert regions.weight_stride(geometry) == 16
    assert words[Region.WEIGHT] == 90 * 16
    assert Region.CONVOLUTION not in regions.region_words(Geometry())


def test_counters_are_the_contracts() -> None:
    rows = table("n", "name", "counts")
    assert {row[1].upper(): int(row[0]) for row in rows} == dict(Counter.__members__)
    model = [Counter[row[1].upper()] for row in rows if "RTL only" not in row[2]]
    assert tuple(model) == MODEL_COUNTERS


@given(st.integers(0, 2**30 - 1))
def test_unpack_inverts_pack(word: int) -> None:
    assert registers.pack(ROW_FIELDS, **registers.unpack(ROW_FIELDS, word)) == word


def test_pack_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"report must be in 0..1, not 2"):
        registers.pack(GROUP_FIELDS, parameter_set=0, report=2)
    with pytest.raises(ValueError, match=r"fields must be \['parameter_set', 'report'\], not"):
        registers.pack(GROUP_FIELDS, report=1)
