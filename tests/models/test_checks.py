"""What counts as a whole number, from whomever it comes."""

from __future__ import annotations

import json
from dataclasses import asdict
from fractions import Fraction

import numpy as np
import pytest

from axonloop.models.checks import (
    MOST_SHOWN,
    require,
    require_member,
    require_number,
    require_range,
)
from axonloop.models.config import (
    AxonFactor,
    ChipConfig,
    CoreConfig,
    Destination,
    Geometry,
    Group,
    Mesh,
    ParameterSet,
    Row,
    Term,
)
from axonloop.models.protocol import LinkConfig

KINDS = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_integers_of_numpy_are_whole_numbers(kind: type[np.integer]) -> None:
    found = require_range("it", kind(7), 0, 7)
    assert (type(found), found) == (int, 7)
    assert require_member("it", kind(4), AxonFactor) is AxonFactor.PQ
    require_number("it", kind(7))


@pytest.mark.parametrize("value", [True, np.True_, 1.0, np.float32(1), np.float64(1), "1", None])
def test_other_kinds_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^it must be a whole number in 0\.\.7, not "):
        require_range("it", value, 0, 7)
    with pytest.raises(ValueError, match=r"^it must be one of 0 \(off\), "):
        require_member("it", value, AxonFactor)


@pytest.mark.parametrize("value", [True, np.True_, np.nan, np.float32("inf"), "1", Fraction(1, 2)])
def test_numbers_that_are_none(value: object) -> None:
    with pytest.raises(ValueError, match="^it must be a finite number, not "):
        require_number("it", value)


def configuration(number: type) -> ChipConfig:
    """A chip whose every number is of a kind."""
    n = number
    geometry = Geometry(n(32), n(16), n(8), n(1), n(1), n(1), terms=n(1), blank_out=n(1))
    parameters = ParameterSet(theta=n(30), terms=(Term(n(4), sign=n(1), shift=n(3)),))
    core = CoreConfig(
        geometry,
        (parameters,),
        (Row(n(0), n(2), parameter_set=n(0)),) * 32,
        (Group(n(0)),) * 2,
        (n(5),) * 16,
        ((Destination(n(3), n(1), n(0)),),) * 16,
        seed=n(9),
        core=n(0),
    )
    return ChipConfig((core,), Mesh(n(1), n(1)))


def test_a_configuration_does_not_remember_who_wrote_it() -> None:
    """Its text is that of the same one in Python's integers; NumPy's cannot be written as JSON."""
    plain, mine = configuration(int), configuration(np.int8)
    assert json.dumps(mine.to_dict()) == json.dumps(plain.to_dict())
    link = LinkConfig(np.int64(12_000_000), np.int32(3_000_000), watchdog_bits=np.int8(20))
    assert json.dumps(asdict(link)) == json.dumps(
        asdict(LinkConfig(12_000_000, 3_000_000, watchdog_bits=20))
    )


NESTED: list[object] = []
for _ in range(5000):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("x" * 10**6, "'xxx"),
        (10**5000, "a int too large to show"),
        (NESTED, "a list too large to show"),
        ({"k" * 10**5: 1}, "(100007 characters)"),
    ],
    ids=["text", "number", "nested", "key"],
)
def test_what_is_refused_is_cut(value: object, told: str) -> None:
    with pytest.raises(ValueError) as refused:
        require(False, "thing" * 10**5, "short", value)
    assert told in str(refused.value)
    assert len(str(refused.value)) < 2 * MOST_SHOWN + 100


def test_what_is_short_is_told_whole() -> None:
    with pytest.raises(ValueError, match=f"^thing must be short, not '{'x' * (MOST_SHOWN - 2)}'$"):
        require(False, "thing", "short", "x" * (MOST_SHOWN - 2))
