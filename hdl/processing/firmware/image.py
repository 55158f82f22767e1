"""The image of the firmware: the words that go into a processor's memory, from address 0 on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).parent
IMAGE = FOLDER / "image.hex"
"""What `compile_firmware` made of the sources beside it, a word per line."""
MAILBOX = 4
"""First word of the mailbox of node.h."""
CHECKSUM, CODE_BEGIN, CODE_END = 1, 2, 3
"""Words of the image: the checksum of its code, and the byte addresses of its begin and end."""
SOURCES = ("main.c", "loss.c")
FLAGS = (
    *("-target", "riscv32-freestanding-none", "-mcpu=generic_rv32+m", "-O2", "-nostdlib"),
    *(
        "-flto",
        "-fomit-frame-pointer",
        "-ffreestanding",
        "-fno-sanitize=all",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wl,-T,link.ld",
    ),
)
WORD = 4


def firmware_words() -> list[int]:
    """The words of the image that comes with this package."""
    return [int(line, 16) for line in IMAGE.read_text().split()]


def compile_firmware(sources: Sequence[Path] = ()) -> list[int]:
    """The words of firmware, by the C compiler of Zig (package ziglang).

    `sources` take the place of files of the same name, or come beside them: a loss of your own is
    another loss.c. Raises RuntimeError with what the compiler says where it fails.
    """
    files = {name: FOLDER / name for name in (*SOURCES, "node.h", "link.ld")}
    files |= {path.name: path for path in sources}
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path in files.values():
            (folder / path.name).write_text(path.read_text())
        programs = sorted(name for name in files if name.endswith(".c"))
        _zig(folder, "cc", *FLAGS, *programs, "-o", "firmware.elf")
        _zig(folder, "objcopy", "-O", "binary", "firmware.elf", "firmware.bin")
        image = (folder / "firmware.bin").read_bytes()
    image += bytes(-len(image) % WORD)
    words = [int.from_bytes(image[k : k + WORD], "little") for k in range(0, len(image), WORD)]
    words[CHECKSUM] = checksum(words)
    return words


def checksum(words: Sequence[int]) -> int:
    """The checksum of the code of an image, which the firmware compares when it starts."""
    total = 0
    for word in words[words[CODE_BEGIN] // WORD : words[CODE_END] // WORD]:
        total = ((total << 5 | total >> 27) + word) % 2**32
    return total


def _zig(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "ziglang", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"firmware must compile, not: {done.stderr.strip()}")


if __name__ == "__main__":
    IMAGE.write_text("".join(f"{word:08x}\n" for word in compile_firmware()))
