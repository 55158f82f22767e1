"""Recordings: a transport that writes down what passes, and a chip that plays it back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from axonloop.host.devices.device import DeviceError
from axonloop.host.devices.packets import PacketDevice, QueueTransport, Transport, Words
from axonloop.host.devices.recording_file import RecordingFile, read_recording
from axonloop.models.config import ChipConfig, CoreConfig

REPLAY = "replay:"
"""The begin of a recording's name; behind it stands the file."""


class Recorder:
    """A transport that writes down what passes through another one into a `file`."""

    def __init__(self, transport: Transport, file: RecordingFile) -> None:
        self._transport, self._file = transport, file

    def exchange(self, words: Words, expected: int) -> Words:
        """See `Transport`."""
        replies = self._transport.exchange(words, expected)
        self._file.add(words, from_chip=False)
        self._file.add(replies, from_chip=True)
        return replies

    def close(self) -> None:
        """Close the other transport, and end the file: it is whole, also after an error."""
        try:
            self._transport.close()
        finally:
            self._file.close()


class QueueRecorder(Recorder):
    """A recorder for a transport that takes more words while answers are under way."""

    def __init__(self, transport: QueueTransport, file: RecordingFile) -> None:
        super().__init__(transport, file)
        self._queue = transport

    def send(self, words: Words, expected: int) -> None:
        """See `QueueTransport`."""
        self._queue.send(words, expected)
        self._file.add(words, from_chip=False)

    def take(self, count: int) -> Words:
        """See `QueueTransport`."""
        replies = self._queue.take(count)
        self._file.add(replies, from_chip=True)
        return replies


def recorded(
    transport: Transport, path: Path | None, config: ChipConfig, device: str, fresh: bool
) -> Transport:
    """The transport to the chip of `config`, recorded if there is a `path` to do so.

    `device` is the name that the file gives to the device. `fresh`: the chip is as after power-up.
    Raises ValueError if `path` cannot be written.
    """
    if path is None:
        return transport
    file = RecordingFile(path, config, device, fresh)
    if isinstance(transport, QueueTransport):
        return QueueRecorder(transport, file)
    return Recorder(transport, file)


class Player:
    """A transport that answers as in the recording at `path`, if it is asked the same.

    `fresh`: the recorded chip was as after power-up. ValueError for a file that is no recording,
    is not whole, or is of another version.
    """

    def __init__(self, path: Path) -> None:
        self.fresh, self._sent, self._heard, self._ticks, _ = read_recording(path)
        self._next = 0

    def exchange(self, words: Words, expected: int) -> Words:
        """See `Transport`. Raises DeviceError at the first word that is not the recorded one."""
        if self._next == len(self._heard):
            raise DeviceError(
                f"run must end with its recording, not go on after {self._next} exchanges "
                f"and {self._ticks_before(0)} ticks"
            )
        if not np.array_equal(self._sent[self._next], words):
            raise DeviceError(self._difference(words))
        self._next += 1
        return self._heard[self._next - 1]

    def _ticks_before(self, index: int) -> int:
        """Ticks asked for before a word of the present exchange."""
        start = sum(words.size for words in self._sent[: self._next])
        return int(np.searchsorted(self._ticks, start + index))

    def _difference(self, words: Words) -> str:
        """The message where and how the host departs from the recording."""
        expected = self._sent[self._next]
        both = min(expected.size, words.size)
        indices = np.flatnonzero(expected[:both] != words[:both])
        index = int(indices[0]) if indices.size else both
        return (
            f"word {index} of exchange {self._next}, after {self._ticks_before(index)} ticks, "
            f"must be {_shown(expected, index)} as recorded, not {_shown(words, index)}: "
            "replay needs the program and the settings of the recording"
        )

    def close(self) -> None:
        """Nothing is held."""


def _shown(words: Words, index: int) -> str:
    return f"0x{words[index]:08X}" if index < words.size else "the end of the exchange"


class ReplayDevice(PacketDevice):
    """The chip of a recording: `name` is `replay:FILE`. The run must be the recorded one.

    ValueError for a file that is no recording; DeviceError at the first word that is sent
    otherwise.
    """

    name = "replay"

    def __init__(self, name: str, config: ChipConfig | CoreConfig) -> None:
        player = Player(Path(name.removeprefix(REPLAY)))
        super().__init__(player, config, fresh=player.fresh)
        self.telemetry.recorded = True
