"""The bounded part of JSON Schema (2020-12) that details types use: one pass over a value, nothing fetched, no pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._base.limits import DETAIL_LIST_ITEMS
from .._base.text import is_count, is_number, is_object

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": is_object,
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": is_number,
    "integer": lambda value: is_number(value) and value == value // 1,
    "boolean": lambda value: isinstance(value, bool),
}
_ALWAYS = frozenset(("type", "title", "description"))
_NUMERIC = _ALWAYS | {"enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
# a keyword that is not here could depend on another, or take for ever on a chosen text
KEYWORDS: Mapping[str, frozenset[str]] = {
    "object": _ALWAYS | {"properties", "required", "additionalProperties"},
    "array": _ALWAYS | {"items", "minItems", "maxItems", "uniqueItems"},
    "string": _ALWAYS | {"enum", "const", "minLength", "maxLength"},
    "number": _NUMERIC,
    "integer": _NUMERIC,
    "boolean": _ALWAYS | {"const"},
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def same(one: object, other: object) -> bool:
    """Equality of JSON values: Python takes true for 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if is_object(one) and is_object(other):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return type(one) is type(other) and one == other or is_number(one) and is_number(other) and one == other


def fault(schema: Mapping[str, Any], value: Any, path: str = "") -> tuple[str, str] | None:
    """The first field that does not fit, and why."""
    if not _TYPES[schema["type"]](value):
        return path, "does not fit the type's schema (type)"
    keyword = _broken(schema, value)
    if keyword is not None:
        return path, f"does not fit the type's schema ({keyword})"
    if isinstance(value, list) and "items" in schema:
        return next((found for item in value if (found := fault(schema["items"], item, path))), None)
    return _object_fault(schema, value, path) if is_object(value) else None


def _object_fault(schema: Mapping[str, Any], value: Mapping[str, Any], path: str) -> tuple[str, str] | None:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return (f"{path}.{name}" if path else name), "is required"
    for name, member in value.items():
        at = f"{path}.{name}" if path else name
        if name not in properties:
            return at, "does not fit the type's schema (additionalProperties)"
        found = fault(properties[name], member, at)
        if found is not None:
            return found
    return None


_CHECKS: Mapping[str, Callable[[Any, Any], bool]] = {
    "enum": lambda bound, value: any(same(one, value) for one in bound),
    "const": same,
    "minLength": lambda bound, value: len(value) >= bound,
    "maxLength": lambda bound, value: len(value) <= bound,
    "minItems": lambda bound, value: len(value) >= bound,
    "maxItems": lambda bound, value: len(value) <= bound,
    "uniqueItems": lambda bound, value: not bound or _unique(value),
    "minimum": lambda bound, value: value >= bound,
    "maximum": lambda bound, value: value <= bound,
    "exclusiveMinimum": lambda bound, value: value > bound,
    "exclusiveMaximum": lambda bound, value: value < bound,
}


def _broken(schema: Mapping[str, Any], value: Any) -> str | None:
    return next((k for k, holds in _CHECKS.items() if k in schema and not holds(schema[k], value)), None)


def _unique(items: list[Any]) -> bool:
    return not any(same(one, other) for at, one in enumerate(items) for other in items[:at])


def keyword_finding(schema: Mapping[str, Any], at: str, is_root: bool) -> str | None:
    """What is wrong with the keywords of one node of a declaration."""
    kind = schema.get("type")
    allowed = KEYWORDS.get(kind) if isinstance(kind, str) else None
    if allowed is None:
        return f"{at}.type: name one type: {', '.join(KEYWORDS)}"
    for keyword, value in schema.items():
        if is_root and keyword == "$schema" and value == DIALECT:
            continue
        if keyword not in allowed:
            return f"{at}.{keyword}: a schema of type {kind} may not use '{keyword}' here"
        if not _is_sane(keyword, value):
            return f"{at}.{keyword}: is not what the keyword takes"
    if kind != "object":
        return None
    if schema.get("additionalProperties") is not False:
        return f"{at}: say 'additionalProperties: false'"
    properties = schema.get("properties")
    missing = [n for n in schema.get("required", ()) if not is_object(properties) or n not in properties]
    return f"{at}.required: there is no field {missing[0]}" if missing else None


def _is_sane(keyword: str, value: Any) -> bool:
    if keyword in ("minLength", "maxLength", "minItems", "maxItems"):
        return is_count(value)
    if keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        return is_number(value)
    if keyword == "enum":
        return isinstance(value, list) and 0 < len(value) <= DETAIL_LIST_ITEMS
    if keyword == "required":
        return isinstance(value, list) and all(isinstance(n, str) for n in value) and len(set(value)) == len(value)
    return True
