"""What a host says of a node whose processor failed: what happened, and where."""

from __future__ import annotations

from collections.abc import Sequence

from axonloop.hdl.processing.firmware import CODE_BEGIN, CODE_END, firmware_words

FAILURES = (
    "it met an instruction that is none, or a misaligned address",
    "it let the loss engine wait for 2^20 cycles",
    "it wrote to its code or beyond its stack, or left its memory: the stack may be too small",
)
"""What each bit of the register FAILED says."""


def failure_text(failed: int, where: int, memory: Sequence[int]) -> str:
    """The error of a processor that `failed`, `where`, with these words in its memory."""
    reasons = [text for bit, text in enumerate(FAILURES) if failed >> bit & 1]
    return (
        f"processor of the node must compute the loss, not fail: {'; '.join(reasons)} "
        f"(instruction at 0x{where:04x}, or the one before){_damage(memory)}; clear the device and "
        "place the processor anew"
    )


def _damage(memory: Sequence[int]) -> str:
    """Where code in memory is not what was built, if it is not."""
    image = firmware_words()
    code = [*range(CODE_END + 1), *range(image[CODE_BEGIN] // 4, len(image))]
    for at in code:
        if memory[at] != image[at]:
            return (
                f"; its image is corrupt: the word at 0x{4 * at:04x} must be 0x{image[at]:08x}, "
                f"not 0x{memory[at]:08x}"
            )
    return ""
