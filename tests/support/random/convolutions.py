"""Cores with convolutions that are no random ones."""

from __future__ import annotations

from dataclasses import replace

from axonloop.models.config import Convolution, ConvolutionGeometry, CoreConfig, ParameterSet, Row

LANES = 2
PLAIN = {"lanes": LANES, "update_lanes": 2, "trace_lanes": 2, "multipliers": 2, "entries": 64}
LIVELY = ParameterSet(theta=300, box=900, eta_shift=3, pq_shift=2, w_exp=2)


def beyond_the_hash() -> CoreConfig:
    """Kernel rows on both sides of the 2048 that the axon of the hash can number."""
    shape = Convolution(60, 1, 1, 1, 2, first_row=2040)
    sizes = {"axons": 60, "neurons": 2, "kernel_rows": 2100, "kernel_columns": 2}
    return CoreConfig(
        ConvolutionGeometry(**sizes, **PLAIN),
        (replace(LIVELY, eta_shift=11),),
        rows=(Row(plastic=True),) * 60,
        convolutions=(shape,),
    )
