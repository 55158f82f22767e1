"""The table of the corpus in docs/nir.md: `python -m tests.support.nir_corpus.table`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.support.nir_corpus.checked import (
    BROKEN,
    TOOLS,
    Agreement,
    Graph,
    agreement,
    graphs,
    unwritten,
)

PAGE = Path(__file__).parents[3] / "docs" / "nir.md"
BEGIN, END = "<!-- corpus: begin -->\n", "<!-- corpus: end -->\n"
HEAD = """\
| tool | graph | writer's spikes, 16 bits | 8 bits | error / bound, 16 bits | 8 bits |
|---|---|---|---|---|---|
"""


def rows_of(graph: Graph, wide: Agreement, narrow: Agreement) -> Iterator[str]:
    """The line of a graph: what the chip makes of it, or why not."""
    name = graph.name.removeprefix(f"{graph.tool}-")
    if wide.refused:
        yield f"| {graph.tool} | {name} | refused: {wide.refused} | | | |\n"
        return
    spikes = [f"{100 * found.spikes:.1f} %" for found in (wide, narrow)]
    errors = [f"{found.membrane:.2g} / {found.bound:.2g}" for found in (wide, narrow)]
    broken = f" ({BROKEN[graph.name]})" if graph.name in BROKEN else ""
    yield f"| {graph.tool} | {name}{broken} | {' | '.join([*spikes, *errors])} |\n"


def unwritten_rows() -> Iterator[str]:
    """The lines of graphs that the tool's exporter refuses."""
    for full, why in unwritten().items():
        tool = full.partition("-")[0]
        words = why.replace("|", "/").replace("<", "&lt;")
        yield f"| {tool} | {full.removeprefix(f'{tool}-')} | its exporter: {words} | | | |\n"


def summary(found: dict[str, Agreement]) -> Iterator[str]:
    """A line per tool: graphs, and the least and middle agreement at 16 bits."""
    for tool in TOOLS:
        names = [name for name in found if name.startswith(f"{tool}-")]
        held = sorted(
            found[name].spikes for name in names if not found[name].refused and name not in BROKEN
        )
        least, middle = 100 * held[0], 100 * held[len(held) // 2]
        refused = sum(bool(found[name].refused) for name in names)
        broken = sum(name in BROKEN for name in names)
        yield (
            f"| {tool} | {len(held)} | {least:.1f} % | {middle:.1f} % | {refused} | {broken} | "
            f"{sum(name.startswith(f'{tool}-') for name in unwritten())} |\n"
        )


def main() -> None:
    """Run the corpus and write its tables into the page."""
    rows, wides = [], {}
    for graph in graphs():
        wide, narrow = agreement(graph, 16), agreement(graph, 8)
        wides[graph.name] = wide
        rows += rows_of(graph, wide, narrow)
    head = (
        "| tool | on the chip | least agreement at 16 bits | median | refused here "
        "| exported as something else | refused by the exporter |\n|---|---|---|---|---|---|---|\n"
    )
    text = "".join([head, *summary(wides), "\n", HEAD, *rows, *unwritten_rows()])
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + text + "\n" + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
