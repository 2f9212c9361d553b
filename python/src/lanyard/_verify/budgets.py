"""Answers of introspection that say that a budget alone stands against a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.text import is_count, is_name
from .refused import Refused

# the end of the year 9999: a date in a header has a year of four digits (RFC 9110 5.6.7)
_last_second = 253_402_300_799


def budget_refusal(answer: Mapping[str, Any]) -> Refused | None:
    """What is left and when it renews, or in which currency a cost was to be named.

    None for an answer that does not say so completely: then the session counts as over.
    """
    budget, error, currency = answer.get("budget"), answer.get("error"), answer.get("currency")
    if not is_name(budget, 256):
        return None
    if error == "cost_required" and is_name(currency, 256):
        return Refused("cost_required", budget=budget, currency=currency)
    what, left, renews, of = answer.get("what"), answer.get("left"), answer.get("renews_at"), answer.get("of")
    if error != "budget_spent" or of not in ("person", "agent", "policy", "session") or not is_name(what, 256):
        return None
    if not is_count(left) or not is_count(renews) or renews > _last_second:
        return None
    return Refused("budget_spent", budget=budget, of=of, what=what, left=int(left), renews_at_seconds=int(renews))
