"""The gateware under proof: a module as it is shipped, or broken on purpose."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType


@dataclass(frozen=True)
class Mutant:
    """A seeded bug: in `module`, the text `old` becomes `new`. It must occur exactly once."""

    words: str
    module: str
    old: str
    new: str


class Code:
    """Fresh copies of modules, so that what is changed in them stays in one proof."""

    def __init__(self, mutant: Mutant | None = None) -> None:
        self._mutant = mutant

    def load(self, name: str) -> ModuleType:
        """A copy of the module `name`, with the seeded bug if it is in there."""
        spec = importlib.util.find_spec(name)
        text = Path(spec.origin).read_text(encoding="utf-8")
        if self._mutant is not None and self._mutant.module == name:
            count = text.count(self._mutant.old)
            if count != 1:
                raise ValueError(f"{self._mutant.old!r} must occur once in {name}, not {count!r}")
            text = text.replace(self._mutant.old, self._mutant.new)
        module = ModuleType(name)
        module.__package__, module.__file__ = name.rpartition(".")[0], spec.origin
        exec(compile(text, spec.origin, "exec"), module.__dict__)
        return module
