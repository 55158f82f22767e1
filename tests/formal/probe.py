"""Looks inside a component: its registers, wires and memory rows, by name."""

import sys

from amaranth.hdl import Const, Elaboratable, Fragment, MemoryInstance, Signal
from amaranth.lib import wiring


class Probe(Elaboratable):
    """A component, elaborated at once, so that a proof can name what is in it.

    A name is the path of submodules and the signal's own name: `"north_queue.level"`; or the name
    of the variable that held it while the component itself was elaborated. Invariants over such
    names make induction possible; they are proved together with the properties.
    """

    def __init__(self, component) -> None:
        self._signals: dict[str, Signal] = {}
        own, files = type(component).elaborate.__code__, {*_files(type(component))}
        sys.setprofile(lambda frame, event, value: self._note(frame, event, own, files))
        try:
            self._fragment = Fragment.get(component, None)
        finally:
            sys.setprofile(None)
        self._rows: dict[str, list[Signal]] = {}
        self._walk(self._fragment, "")

    def elaborate(self, platform):
        return self._fragment

    def __getitem__(self, name: str) -> Signal:
        """The signal of this name."""
        return self._signals[name]

    def rows(self, name: str) -> list[Signal]:
        """What is stored in the memory of this name, by address."""
        return self._rows[name]

    def _note(self, frame, event: str, own, files: set[str]) -> None:
        """Keep the signals among a function's variables when it returns, until `elaborate` does."""
        if event == "return" and frame.f_code.co_filename in files:
            given = frame.f_code.co_varnames[: frame.f_code.co_argcount]
            for name, value in frame.f_locals.items():
                if isinstance(value, Signal) and name not in given:
                    self._signals.setdefault(name, value)
            if frame.f_code is own:
                sys.setprofile(None)

    def _walk(self, fragment: Fragment, path: str) -> None:
        for statements in fragment.statements.values():
            for signal in statements._lhs_signals():
                self._signals.setdefault(path + signal.name, signal)
        if isinstance(fragment, MemoryInstance):
            self._rows[path.rstrip(".")] = [*self._watch(fragment)]
        for index, (child, name, _) in enumerate(fragment.subfragments):
            self._walk(child, f"{path}{name or index}.")

    def _watch(self, memory: MemoryInstance):
        """A read port of its own for each row."""
        depth, shape = memory._data.depth, memory._data.shape
        for index in range(depth):
            row = Signal(shape, name=f"row_{index}")
            address = Const(index, (depth - 1).bit_length())
            memory.read_port(
                domain="comb", addr=address, data=row, en=Const(1, 1), transparent_for=()
            )
            yield row


def _files(component: type):
    """Where the methods of a component are written, and those of the components it extends."""
    for kind in component.__mro__:
        if kind is wiring.Component:
            return
        for member in vars(kind).values():
            if hasattr(member, "__code__"):
                yield member.__code__.co_filename
