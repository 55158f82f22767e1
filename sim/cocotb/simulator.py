"""What the benches use of cocotb, or how to get it: cocotb comes with the extra `cocotb`."""

try:
    import cocotb
    from cocotb.clock import Clock
    from cocotb.handle import LogicObject
    from cocotb.task import resume
    from cocotb.triggers import FallingEdge, RisingEdge, Timer
    from cocotb.utils import get_sim_time
except ImportError as error:
    raise ImportError(
        "cocotb must be installed, not missing; try: pip install axonloop[cocotb]"
    ) from error

__all__ = [
    "Clock",
    "FallingEdge",
    "LogicObject",
    "RisingEdge",
    "Timer",
    "cocotb",
    "get_sim_time",
    "resume",
]
