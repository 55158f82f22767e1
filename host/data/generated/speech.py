"""Spoken digits in two languages, as the Heidelberg digits (Cramer et al. 2020), by a synthesizer.

eSpeak NG says 0 to 9 in English (classes 0 to 9) and in German (10 to 19) with twelve voices; rate,
pitch and liveliness are drawn for every word. Ten voices train; two others, and words of the ten
that were not trained on, are the test part. `hearing` makes spikes of them, for shd_train.h5 and
shd_test.h5.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.formats import write_cochlea
from axonloop.host.data.generated.hearing import heard
from axonloop.models.checks import require

WORDS = {
    "en-us": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "de": ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
}
VOICES = ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "m8", "f4")
NEW = 2
"""The last voices, which are heard in the test part alone."""
TAKES = 4
"""How often a voice says a word in a part; voices that train say it once in the test part."""
SYNCHRONOUS, RATE, PITCH, LIVELY, UTF8 = 2, 1, 3, 4, 1
"""Numbers of eSpeak's interface."""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Utterance:
    """A word of class `label`, said by a voice: words per minute, pitch and its range, 0..99."""

    label: int
    voice: int
    rate: int
    pitch: int
    lively: int


def utterances(seed: int, limit: int | None = None) -> dict[str, list[Utterance]]:
    """The words of both parts in a random order; the first `limit` of each."""
    random = np.random.default_rng((seed, 2))
    known = len(VOICES) - NEW
    counts = {
        "shd_train.h5": [TAKES] * known + [0] * NEW,
        "shd_test.h5": [1] * known + [TAKES] * NEW,
    }
    found = {}
    for name, takes in counts.items():
        words = [
            Utterance(
                label,
                voice,
                *(int(random.integers(*own)) for own in ((130, 210), (35, 66), (30, 71))),
            )
            for voice, count in enumerate(takes)
            for label in range(20)
            for _ in range(count)
        ]
        order = random.permutation(len(words))
        found[name] = [words[k] for k in order[:limit].tolist()]
    return found


def make_spoken(
    folder: Path, seed: int = 0, limit: int | None = None, progress: Progress | None = None
) -> None:
    """Write the set into an empty folder; `limit` words of each part (None: 800 and 360).

    Raises ValueError where the package that brings eSpeak is missing.
    """
    parts = utterances(seed, limit)
    speaker, keys = Speaker(), [f"{word} ({tongue})" for tongue in WORDS for word in WORDS[tongue]]
    done, total = 0, sum(len(part) for part in parts.values())
    for name, part in parts.items():
        samples = []
        for each in part:
            wave, rate = speaker.said(each)
            samples.append(heard(wave, rate, name=keys[each.label]))
            done += 1
            if progress is not None:
                progress("words", done, total)
        labels, voices = [each.label for each in part], [each.voice for each in part]
        write_cochlea(folder / name, samples, labels, voices, keys)


class Speaker:
    """eSpeak NG in this process."""

    def __init__(self) -> None:
        self._library, self._rate = _espeak()
        self._parts: list[NDArray[np.int16]] = []

        def take(wave: Any, count: int, _: Any) -> int:
            if wave and count > 0:
                self._parts.append(np.ctypeslib.as_array(wave, (count,)).copy())
            return 0

        self._take = _TAKE(take)  # kept: eSpeak calls it

    def said(self, word: Utterance) -> tuple[NDArray[np.float64], int]:
        """The sound of a word, `(samples,)` in -1..1, and its samples per second."""
        tongue, number = list(WORDS)[word.label // 10], word.label % 10
        voice = f"{tongue}+{VOICES[word.voice]}"
        self._library.espeak_SetSynthCallback(self._take)
        failed = self._library.espeak_SetVoiceByName(voice.encode())
        require(failed == 0, "voice", "one that eSpeak has", voice)
        for name, value in ((RATE, word.rate), (PITCH, word.pitch), (LIVELY, word.lively)):
            self._library.espeak_SetParameter(name, value, 0)
        text = WORDS[tongue][number].encode()
        self._parts.clear()
        failed = self._library.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF8, None, None)
        require(failed == 0 and len(self._parts) > 0, "eSpeak", f"able to say {text!r}", failed)
        return np.concatenate(self._parts) / 32768.0, self._rate


_TAKE = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@lru_cache(maxsize=1)
def _espeak() -> tuple[ctypes.CDLL, int]:
    """The library, ready, and its samples per second; a process has one."""
    try:
        import espeakng_loader
    except ImportError as error:
        wanted = "installed to speak digits (pip install 'axonloop[speech]')"
        raise ValueError(f"package espeakng-loader must be {wanted}, not missing") from error
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = int(library.espeak_Initialize(SYNCHRONOUS, 0, data, 0))
    require(rate > 0, "eSpeak", "able to start", rate)
    return library, rate
