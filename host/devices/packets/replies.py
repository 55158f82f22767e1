"""Reads the chip's replies: every word must be one that was asked for, or a fault is raised."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from axonloop.host.devices.device import DeviceError
from axonloop.host.devices.packets.addresses import Addresses
from axonloop.host.devices.packets.packing import Words
from axonloop.models.arrays import Int32Array
from axonloop.models.protocol import Fault, Kind, argument_of, kind_of

FAULT_MEANINGS = {
    Fault.KIND: "unknown kind of packet",
    Fault.CORE: "another core's number",
    Fault.RANGE: "axon, neuron, delay, address or count out of range, or a read-only address",
    Fault.LEARNED: "learning was done since the last tick",
}


def _name(enumeration: type[Kind] | type[Fault], value: int) -> str:
    known = value in enumeration.__members__.values()
    return enumeration(value).name if known else f"number {value}"


def _refuse(word: int, expected: str) -> NoReturn:
    """Raise DeviceError for a reply that should not be there."""
    kind, argument = kind_of(word), argument_of(word)
    if kind != Kind.FAULT:
        raise DeviceError(f"reply of the device must be {expected}, not {_name(Kind, kind)}")
    code, refused = argument & 0xF, _name(Kind, argument >> 4 & 0xF)
    meaning = FAULT_MEANINGS[Fault(code)] if 1 <= code <= len(Fault) else "unknown"
    raise DeviceError(
        f"packet must be one that the device accepts, not a {refused} refused with "
        f"FAULT {_name(Fault, code)} ({meaning})"
    )


def spikes_of_tick(replies: Words, addresses: Addresses) -> Int32Array:
    """The neurons of one tick's SPIKE packets, sorted, int32."""
    neurons = _neurons(replies[:-1], addresses)
    neurons.sort()
    last = int(replies[-1]) if replies.size else 0
    if kind_of(last) != Kind.TICK:
        _refuse(last, "TICK")
    return neurons


def _neurons(words: Words, addresses: Addresses) -> Int32Array:
    """The neurons of words that should all be SPIKE packets."""
    try:
        return addresses.neurons(words)
    except IndexError:
        _refuse_spikes(words)


def _refuse_spikes(words: Words) -> NoReturn:
    """Raise DeviceError for words that are not all SPIKE packets of the chip's neurons."""
    wrong = words[words >> 28 != int(Kind.SPIKE)]
    if wrong.size:
        _refuse(int(wrong[0]), "SPIKE")
    raise DeviceError(f"spikes of the device must be of its neurons, not {hex(words.max())}")


def spikes_of_ticks(replies: Words, ticks: int, addresses: Addresses) -> list[Int32Array]:
    """`spikes_of_tick` for the replies of `ticks` ticks."""
    kinds = replies >> 28
    ticked = kinds == int(Kind.TICK)
    good = ticked | (kinds == int(Kind.SPIKE))
    if not good.all():
        _refuse(int(replies[~good][0]), "SPIKE or TICK")
    ends = np.flatnonzero(ticked)
    if ends.size != ticks or ends[-1] != replies.size - 1:
        raise DeviceError(f"replies of the device must end {ticks} ticks, not {ends.size}")
    neurons = np.split(_neurons(replies[~ticked], addresses), ends[:-1] - np.arange(ticks - 1))
    return [np.sort(of_tick) for of_tick in neurons]


def data_payload(replies: Words, words: int) -> Words:
    """The payloads of DATA packets, joined: `words` of them."""
    parts, position = [], 0
    while position < replies.size:
        head = int(replies[position])
        if kind_of(head) != Kind.DATA:
            _refuse(head, "DATA")
        count = argument_of(head) & 0xFFFF
        parts.append(replies[position + 1 : position + 1 + count])
        position += 1 + count
    payload = np.concatenate(parts) if parts else replies[:0]
    if payload.size != words or position != replies.size:
        raise DeviceError(f"replies of the device must hold {words} words, not {payload.size}")
    return payload
