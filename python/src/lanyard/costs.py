"""What calls cost, where budgets bound money: named before the call, settled after it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# what a budget holds at most
_most = 1_000_000_000_000
_text = re.compile(r"(0|[1-9][0-9]{0,12}) ([A-Z]{3})")


@dataclass(frozen=True)
class Cost:
    """A sum of money: what a call can cost at most, or what it did cost.

    :param amount_minor: a whole number of the currency's smallest unit: cents and not euros, and of yen the yen
    :param currency: ISO 4217 code, such as ``EUR``
    :raises TypeError: for what is no such sum: rounding would be somebody's loss
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int or _read(str(self)) is None:
            raise TypeError("a cost is a whole amount_minor of the currency's smallest unit, and its code, as EUR")

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}"


@dataclass(frozen=True)
class Reservation:
    """What was reserved for one request in every budget that bounds money there.

    Settle it after the work with ``agent.settle(reserved.report, cost)``. Until then it stays spent.
    """

    #: Its id. It is no secret.
    report: str
    #: What was reserved.
    at_most: Cost


@dataclass(frozen=True)
class Settled:
    """A settled cost."""

    cost: Cost
    #: What of it went beyond what was reserved: the budgets are empty until they renew, and the operators hear of it.
    exceeds: Cost | None = None


def _read(text: object) -> tuple[int, str] | None:
    found = _text.fullmatch(text) if isinstance(text, str) else None
    return (int(found[1]), found[2]) if found and int(found[1]) <= _most else None


def settled_in(answer: Mapping[str, Any], report: str) -> Settled | None:
    """What an answer says of a settlement; None for one that is about another, or malformed."""
    cost, exceeds = _read(answer.get("cost")), _read(answer.get("exceeds"))
    if answer.get("report") != report or cost is None:
        return None
    return Settled(Cost(*cost), Cost(*exceeds) if exceeds else None)
