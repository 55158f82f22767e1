"""The geometries on which golden model and RTL are compared: lanes, ports, layouts, odd widths."""

from __future__ import annotations

from dataclasses import asdict

from axonloop.models.config import ConvolutionGeometry, Geometry, Layout

P, S = Layout.PLAIN, Layout.SKEWED


def _make(
    axons: int,
    neurons: int,
    lanes: tuple[int, int, int, int],
    weights: tuple[Layout, int],
    widths: tuple[int, int, int, int, int],
    tables: tuple[int, int, int],
    rule: tuple[int, int] = (0, 0),
    analogue: tuple[int, int, int] = (0, 0, 0),
) -> Geometry:
    """Make a geometry.

    `lanes`: all, update, trace, multipliers. `weights`: layout, ports. `widths`: weight, state,
    trace, error, pq. `tables`: slots, sets, entries. `rule`: terms, blank_out.
    `analogue`: memristor, mask, threshold_noise.
    """
    (total, update, trace, multipliers), (layout, ports) = lanes, weights
    weight, state, trace_bits, error, pq = widths
    slots, sets, entries = tables
    return Geometry(
        axons=axons,
        neurons=neurons,
        lanes=total,
        update_lanes=update,
        trace_lanes=trace,
        multipliers=multipliers,
        weight_ports=ports,
        layout=layout,
        weight_bits=weight,
        state_bits=state,
        trace_bits=trace_bits,
        error_bits=error,
        pq_bits=pq,
        delay_slots=slots,
        parameter_sets=sets,
        entries=entries,
        terms=rule[0],
        blank_out=rule[1],
        memristor=analogue[0],
        mask=analogue[1],
        threshold_noise=analogue[2],
    )


def _convolution(plain: Geometry, kernels: tuple[int, int, int]) -> Geometry:
    """The geometry with convolutions: how many, rows and columns of their weights."""
    count, rows, columns = kernels
    return ConvolutionGeometry(
        **asdict(plain), convolutions=count, kernel_rows=rows, kernel_columns=columns
    )


GEOMETRIES: dict[str, Geometry] = {
    "small": _make(16, 16, (4, 4, 2, 4), (S, 2), (8, 16, 12, 8, 8), (4, 4, 64)),
    "plain": _make(24, 16, (4, 2, 4, 1), (P, 1), (8, 16, 12, 8, 8), (4, 4, 64)),
    "one-lane": _make(5, 7, (1, 1, 1, 1), (S, 2), (6, 12, 9, 5, 6), (4, 3, 13)),
    "odd-widths": _make(24, 40, (8, 4, 8, 2), (S, 1), (5, 13, 11, 3, 7), (8, 3, 100)),
    "wide": _make(64, 64, (16, 16, 8, 16), (S, 2), (8, 16, 12, 8, 8), (4, 4, 256)),
    "wide-weights": _make(24, 24, (8, 8, 4, 8), (S, 2), (16, 24, 16, 8, 8), (16, 16, 64)),
    "narrow": _make(20, 12, (2, 2, 2, 2), (S, 2), (2, 8, 4, 2, 1), (2, 1, 1)),
    "one-by-one": _make(1, 1, (1, 1, 1, 1), (P, 1), (4, 10, 6, 4, 4), (2, 1, 1)),
    "plain-two-ports": _make(48, 32, (8, 8, 1, 1), (P, 2), (9, 17, 13, 7, 8), (2, 2, 40)),
    "plain-lanes": _make(32, 64, (32, 1, 32, 1), (P, 1), (8, 16, 12, 8, 8), (4, 4, 300)),
    "serial-update": _make(32, 32, (16, 1, 1, 16), (S, 2), (8, 16, 12, 8, 8), (4, 4, 64)),
    "serial-learning": _make(32, 48, (16, 8, 16, 1), (S, 2), (7, 15, 10, 6, 5), (4, 5, 64)),
    "one-port": _make(64, 32, (8, 8, 8, 8), (S, 1), (8, 16, 12, 8, 8), (4, 4, 128)),
    "one-port-half": _make(48, 48, (16, 4, 2, 8), (S, 1), (10, 18, 14, 8, 6), (8, 7, 90)),
    "two-lanes": _make(34, 26, (2, 1, 2, 1), (S, 1), (3, 9, 5, 3, 2), (4, 2, 31)),
    "lanes-32": _make(64, 96, (32, 16, 8, 32), (S, 2), (8, 16, 12, 8, 8), (4, 4, 200)),
    "lanes-64": _make(128, 64, (64, 64, 32, 64), (S, 2), (8, 16, 12, 8, 8), (4, 4, 128)),
    "lanes-64-plain": _make(64, 128, (64, 32, 16, 1), (P, 2), (8, 20, 12, 8, 8), (8, 6, 128)),
    "tall": _make(300, 8, (4, 4, 4, 4), (S, 2), (8, 16, 12, 8, 8), (4, 4, 16)),
    "flat": _make(4, 260, (4, 2, 2, 2), (S, 1), (8, 16, 12, 8, 8), (4, 9, 500)),
    "many-slots": _make(40, 24, (8, 2, 4, 4), (S, 2), (12, 22, 15, 8, 3), (16, 10, 77)),
    "few-bits": _make(32, 32, (4, 4, 4, 4), (S, 2), (4, 8, 8, 4, 4), (2, 16, 50)),
    "terms": _make(32, 24, (4, 2, 4, 1), (P, 1), (8, 16, 12, 8, 8), (4, 4, 64), (2, 0)),
    "terms-blank": _make(32, 32, (8, 8, 2, 4), (S, 2), (8, 16, 12, 8, 8), (4, 6, 64), (4, 1)),
    "terms-serial": _make(28, 16, (4, 1, 1, 4), (S, 1), (6, 14, 10, 4, 5), (8, 5, 64), (4, 1)),
    "terms-odd": _make(24, 40, (8, 4, 8, 8), (S, 2), (9, 19, 15, 7, 3), (2, 3, 64), (1, 0)),
    "blank": _make(24, 24, (2, 2, 2, 1), (P, 2), (5, 12, 8, 5, 6), (4, 3, 64), (0, 1)),
    "device": _make(32, 24, (4, 4, 2, 4), (S, 2), (8, 16, 12, 8, 8), (4, 4, 64), (2, 0), (2, 0, 0)),
    "device-terms": _make(
        24, 32, (8, 2, 4, 8), (S, 1), (9, 18, 14, 7, 6), (4, 5, 64), (4, 1), (2, 0, 0)
    ),
    "device-gain": _make(
        16, 16, (4, 1, 1, 1), (P, 1), (16, 24, 16, 8, 8), (2, 3, 40), (1, 0), (1, 0, 0)
    ),
    "mask": _make(24, 24, (4, 4, 4, 4), (S, 2), (8, 16, 12, 8, 8), (4, 4, 64), (0, 0), (0, 1, 0)),
    "mask-odd": _make(
        28, 12, (4, 1, 2, 1), (P, 1), (5, 13, 11, 4, 5), (4, 2, 33), (0, 1), (0, 1, 0)
    ),
    "noise": _make(16, 24, (4, 4, 2, 4), (S, 2), (8, 16, 12, 8, 8), (4, 4, 64), (0, 0), (0, 0, 1)),
    "noise-odd": _make(
        12, 20, (4, 1, 1, 2), (S, 1), (6, 11, 9, 5, 6), (2, 3, 30), (1, 0), (0, 0, 1)
    ),
    "analogue": _make(
        32, 32, (8, 4, 4, 4), (S, 2), (8, 20, 12, 8, 8), (4, 6, 64), (2, 1), (2, 1, 1)
    ),
    "ice40": _make(64, 64, (4, 1, 1, 1), (P, 1), (8, 16, 12, 8, 8), (4, 2, 128)),
    "serial-core": _make(96, 64, (2, 1, 1, 1), (P, 1), (8, 14, 12, 7, 8), (4, 4, 200)),
    "serial-skewed": _make(28, 24, (4, 1, 1, 1), (S, 2), (6, 12, 10, 6, 7), (4, 3, 60)),
    "gates": _make(64, 32, (2, 1, 1, 2), (S, 2), (8, 16, 12, 8, 8), (4, 2, 128)),
    "gates-terms": _make(64, 32, (2, 1, 1, 2), (S, 2), (8, 16, 12, 8, 8), (4, 2, 128), (2, 1)),
    "gates-analogue": _make(
        32, 16, (2, 1, 1, 2), (S, 2), (8, 16, 12, 8, 8), (2, 2, 64), (2, 0), (2, 1, 1)
    ),
    "gates-plain": _make(128, 128, (2, 1, 1, 1), (P, 1), (8, 12, 8, 4, 4), (2, 2, 128)),
    "default": _make(256, 256, (16, 16, 8, 16), (S, 2), (8, 16, 12, 8, 8), (4, 4, 1024)),
}
"""Geometries by name. The `gates` are small, for netlists; the plain one fills an SPRAM. `QUICK`
names those that `axonloop verify` uses."""

CONVOLUTIONS: dict[str, Geometry] = {
    "conv": _convolution(
        _make(192, 384, (4, 4, 2, 4), (S, 2), (8, 16, 12, 8, 8), (4, 4, 512)), (3, 128, 8)
    ),
    "conv-terms": _convolution(
        _make(160, 240, (2, 1, 2, 2), (S, 1), (6, 14, 10, 5, 6), (4, 5, 300), (2, 0), (0, 0, 1)),
        (4, 90, 6),
    ),
    "conv-plain": _convolution(
        _make(80, 144, (4, 2, 1, 1), (P, 1), (9, 17, 13, 7, 8), (2, 3, 100), (3, 0)), (2, 64, 8)
    ),
    "conv-one-port": _convolution(
        _make(96, 160, (8, 8, 2, 2), (S, 1), (5, 15, 12, 4, 7), (8, 2, 128)), (3, 80, 16)
    ),
    "conv-small": _convolution(
        _make(40, 32, (2, 1, 1, 2), (S, 2), (8, 16, 12, 8, 8), (4, 2, 96)), (2, 32, 4)
    ),
}
"""Geometries of cores with convolutions, by name; the small one is for meshes and netlists."""

QUICK = ("small", "plain", "one-lane", "odd-widths", "few-bits", "terms", "terms-blank")
