"""The catalogue: all that is measured by name."""

from __future__ import annotations

from axonloop.host.catalogue.benches import BENCHES
from axonloop.host.catalogue.experiments import EXPERIMENTS
from axonloop.host.catalogue.studies import STUDIES

CATALOGUE = {"experiment": EXPERIMENTS, "study": STUDIES, "bench": BENCHES}
"""The entries of every kind, by name."""
