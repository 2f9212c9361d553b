"""The rules by which one field of a detail restricts: a value admits some of what a request could name there.

They are the issuer's own rules: a constraint that the target reads in another way protects nothing.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from .._base.limits import DETAIL_LIST_ITEMS, DETAIL_TEXT_CHARACTERS
from .._base.text import MAX_SAFE_INTEGER, is_number, is_object, length
from .urls import covers as url_covers
from .urls import read_url


class Rule(NamedTuple):
    """How the values of one field are read."""

    # the values it takes, in words
    takes: str
    # whether a field with this schema can only hold values that the rule takes
    fits: Callable[[Mapping[str, Any]], bool]
    # the value as the rule reads it; None refuses it
    read: Callable[[Any], Any]
    # whether the bound admits one value of a concrete request; false for a value it cannot read
    admits: Callable[[Any, Any], bool]


def is_plain_text(value: object) -> bool:
    """A text that every reader reads alike: normal form C, without control, format or unassigned characters."""
    return (
        isinstance(value, str)
        and 0 < length(value) <= DETAIL_TEXT_CHARACTERS
        and not any(unicodedata.category(character)[0] == "C" for character in value)
        and unicodedata.normalize("NFC", value) == value
    )


def hides_no_structure(text: str) -> bool:
    """False where compatibility forms hide structure: a reader that folds fullwidth dots would step to a parent."""
    keep = re.compile(r"[^./\\%;?#*]")
    return keep.sub("", unicodedata.normalize("NFKC", text)) == keep.sub("", text)


def _is_texts(schema: Mapping[str, Any]) -> bool:
    items = schema.get("items")
    return schema.get("type") == "array" and is_object(items) and items.get("type") == "string"


def _is_text_or_texts(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" or _is_texts(schema)


def _is_numeric(schema: object) -> bool:
    return is_object(schema) and schema.get("type") in ("number", "integer")


def _any_of(takes: str, read: Callable[[Any], Any], admits: Callable[[Any, Any], bool]) -> Rule:
    """One text, or several of which any may be used."""

    def read_all(value: Any) -> Any:
        values = value if isinstance(value, list) else [value]
        if not 0 < len(values) <= DETAIL_LIST_ITEMS:
            return None
        ones = [read(one) for one in values]
        return None if None in ones else ones

    def admits_any(bound: Any, actual: Any) -> bool:
        return any(admits(one, actual) for one in bound)

    return Rule(f"{takes}, or a list of such", _is_text_or_texts, read_all, admits_any)


def _number(value: object) -> float | None:
    return value if is_number(value) and abs(value) <= MAX_SAFE_INTEGER else None


def _bounding(holds: Callable[[float, float], bool]) -> Rule:
    def admits(bound: float, actual: Any) -> bool:
        value = _number(actual)
        return value is not None and holds(value, bound)

    return Rule(f"a number of at most ±{MAX_SAFE_INTEGER}", _is_numeric, _number, admits)


def _read_range(value: object) -> tuple[float, float] | None:
    if not is_object(value) or not value or not value.keys() <= {"min", "max"}:
        return None
    low = _number(value["min"]) if "min" in value else -math.inf
    high = _number(value["max"]) if "max" in value else math.inf
    return (low, high) if low is not None and high is not None and low <= high else None


def _fits_range(schema: Mapping[str, Any]) -> bool:
    properties = schema.get("properties")
    return (
        schema.get("type") == "object"
        and is_object(properties)
        and len(properties) > 0
        and all(name in ("min", "max") and _is_numeric(end) for name, end in properties.items())
    )


def _admits_range(bound: tuple[float, float], actual: Any) -> bool:
    value = _number(actual)
    return value is not None and bound[0] <= value <= bound[1]


def _read_texts(value: object) -> list[str] | None:
    if not isinstance(value, list) or not 0 < len(value) <= DETAIL_LIST_ITEMS or not all(map(is_plain_text, value)):
        return None
    return value if len(set(value)) == len(value) else None


def _folded(text: str) -> str:
    """Case, compatibility forms and blanks are ignored: an exclusion that compared exactly is evaded with a capital."""
    folded = unicodedata.normalize("NFKC", text).strip().upper().lower()
    return unicodedata.normalize("NFKC", folded)


def _admits_other(bound: list[str], actual: Any) -> bool:
    return is_plain_text(actual) and _folded(actual) not in map(_folded, bound)


def _scalar(value: object) -> tuple[str, Any] | None:
    # with its kind, since Python takes true for 1
    if isinstance(value, bool):
        return ("boolean", value)
    if is_number(value):
        return ("number", value) if abs(value) <= MAX_SAFE_INTEGER else None
    return ("text", value) if is_plain_text(value) else None


def _plain(value: Any) -> str | None:
    return value if is_plain_text(value) else None


# characters that some target cuts at, expands or decodes
_ambiguous = re.compile(r"[%\\;?#*]")


def read_path(value: Any) -> str | None:
    """An absolute path as POSIX resolves it. `..` is refused and not resolved: after a link it is another folder."""
    if not is_plain_text(value) or not value.startswith("/") or value.startswith("//") or _ambiguous.search(value):
        return None
    if not hides_no_structure(value):
        return None
    segments = [segment for segment in value.split("/") if segment not in ("", ".")]
    # "..", and names that other file systems shorten to it
    return None if any(re.fullmatch(r"[. ]+", segment) for segment in segments) else "/" + "/".join(segments)


def _path_covers(bound: str, path: str) -> bool:
    return path == bound or path.startswith(bound if bound == "/" else f"{bound}/")


def _reading(read: Callable[[Any], Any], covers: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def admits(one: Any, actual: Any) -> bool:
        value = read(actual)
        return value is not None and covers(one, value)

    return admits


_time = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,3}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _instant(value: object) -> int | None:
    """An RFC 3339 time in milliseconds: as text "10:00+02:00" sorts after "09:00Z", though it is earlier."""
    if isinstance(value, datetime):
        return None if value.tzinfo is None else (value - _epoch) // timedelta(milliseconds=1)
    parts = _time.fullmatch(value) if isinstance(value, str) else None
    if parts is None:
        return None
    sign, hours, minutes = parts[8], int(parts[9] or 0), int(parts[10] or 0)
    if int(parts[1]) < 1970 or hours > 23 or minutes > 59:
        return None
    try:
        local = datetime(*(int(parts[n]) for n in range(1, 7)), tzinfo=timezone.utc)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    offset = (-1 if sign == "-" else 1) * (hours * 60 + minutes) * 60_000
    instant = (local - _epoch) // timedelta(milliseconds=1) + int((parts[7] or "0").ljust(3, "0")) - offset
    return instant if 0 <= instant <= 253_402_300_799_999 else None


def _time_rule(holds: Callable[[int, int], bool]) -> Rule:
    def fits(schema: Mapping[str, Any]) -> bool:
        return schema.get("type") == "string"

    def admits(bound: int, actual: Any) -> bool:
        instant = _instant(actual)
        return instant is not None and holds(instant, bound)

    def read(value: Any) -> int | None:
        return _instant(value) if isinstance(value, str) else None

    return Rule("an RFC 3339 time with its offset, to the millisecond", fits, read, admits)


def _fits_scalar(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") in ("string", "boolean") or _is_numeric(schema)


_texts = "a list of different, plain texts, not empty"

#: Every rule by its name in a registration.
RULES: Mapping[str, Rule] = {
    "one_of": Rule(_texts, _is_texts, _read_texts, lambda bound, actual: isinstance(actual, str) and actual in bound),
    "not": Rule(_texts, _is_texts, _read_texts, _admits_other),
    "exact": Rule(
        "one plain text, number or boolean", _fits_scalar, _scalar, lambda bound, actual: _scalar(actual) == bound
    ),
    "max": _bounding(lambda value, bound: value <= bound),
    "min": _bounding(lambda value, bound: value >= bound),
    "range": Rule('{ "min", "max" } or one of them', _fits_range, _read_range, _admits_range),
    "before": _time_rule(lambda instant, bound: instant < bound),
    "after": _time_rule(lambda instant, bound: instant > bound),
    "prefix": _any_of("a plain text", _plain, _reading(_plain, lambda one, actual: actual.startswith(one))),
    "path": _any_of(
        "an absolute path without '..', '%', '\\', ';', '?', '#' or '*'", read_path, _reading(read_path, _path_covers)
    ),
    "url": _any_of(
        "an http(s) URL without user name, fragment, backslash or encoded delimiter",
        read_url,
        _reading(read_url, url_covers),
    ),
}
