"""The check of concrete requests against a token's authorization details."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._base.limits import DETAILS_DEPTH, DETAILS_FIELDS, DETAILS_SCHEMA_BYTES
from .._base.text import is_object
from .._verify.refused import Refused
from .rules import RULES
from .schema import fault, keyword_finding

# without a dot, so that a field can never look like a path into another
_field = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

#: What a request is about to do: type, then field, then the value it names, or a list of all values it names. A nested
#: field is written with dots; a time may be an aware ``datetime``.
DetailsUse = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class DetailsType:
    """A type of authorization details that restricts a resource, as it is registered.

    :param name: its ``type``
    :param schema: JSON Schema of a detail without its ``type``, in the bounded part that the registry takes
    :param rules: field, or dotted path of a nested one, to the name of the rule that compares it
    :raises ValueError: for a declaration that the registry would refuse
    """

    name: str
    schema: Mapping[str, Any]
    rules: Mapping[str, str]

    def __post_init__(self) -> None:
        finding = _finding(self)
        if finding is not None:
            raise ValueError(f"details type {self.name}: {finding}")


class _NotUnderstood(Exception):
    def __init__(self, field: str, why: str) -> None:
        self.field = field
        self.why = why


class DetailsCheck:
    """Every detail must be of a type declared here and be understood completely.

    :param types: the types that restrict this resource; with none, every restricted token is refused (threat 40)
    """

    def __init__(self, types: Sequence[DetailsType] = ()) -> None:
        self.types = {one.name: one for one in types}
        if len(self.types) != len(types):
            raise ValueError("a details type is named twice")

    def check_readable(self, details: Sequence[Mapping[str, Any]]) -> None:
        """A server that cannot read a detail would let requests in as if nothing restricted them.

        :raises Refused: ``details_forbid``
        """
        for detail in details:
            try:
                self._understand(detail)
            except _NotUnderstood as fault:
                raise _forbidden(detail, fault.field, fault.why) from None

    def check(self, details: Sequence[Mapping[str, Any]], use: DetailsUse) -> None:
        """Every value that the request names must be admitted, field by field, by every detail.

        A field that the token restricts and the request does not name is refused, never skipped.

        :raises Refused: ``details_forbid``
        """
        for detail in details:
            try:
                self._check_one(detail, use)
            except _NotUnderstood as fault:
                raise _forbidden(detail, fault.field, fault.why) from None

    def _check_one(self, detail: Mapping[str, Any], use: DetailsUse) -> None:
        bounds = self._understand(detail)
        declared = self.types[detail["type"]]
        named = use.get(declared.name, {})
        # a misspelt field would otherwise be compared with nothing
        for field in named:
            if field not in declared.rules:
                raise _NotUnderstood(field, "the request names a field the type does not declare")
        for field, bound in bounds.items():
            value = named.get(field, [])
            values = value if isinstance(value, (list, tuple)) else [value]
            if not values:
                raise _NotUnderstood(field, "the request does not name it")
            rule = RULES[declared.rules[field]]
            if not all(rule.admits(bound, one) for one in values):
                raise _NotUnderstood(field, "the detail does not admit it")

    def _understand(self, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        """The bound of each field, by the field's path."""
        declared = self.types.get(detail["type"])
        if declared is None:
            raise _NotUnderstood("type", "this server does not know the type")
        fields = {name: value for name, value in detail.items() if name != "type"}
        leaves: dict[str, Any] = {}
        _collect(fields, "", declared, leaves)
        broken = fault(declared.schema, fields)
        if broken is not None:
            raise _NotUnderstood(*broken)
        bounds: dict[str, Any] = {}
        for field, value in leaves.items():
            name = declared.rules[field]
            bounds[field] = RULES[name].read(value)
            if bounds[field] is None:
                raise _NotUnderstood(field, f"is not what rule {name} compares: {RULES[name].takes}")
        return bounds


def _forbidden(detail: Mapping[str, Any], field: str, why: str) -> Refused:
    return Refused("details_forbid", type=detail["type"][:128], field=field[:128], why=why)


def _collect(value: Mapping[str, Any], prefix: str, declared: DetailsType, leaves: dict[str, Any]) -> None:
    """The values of a detail by the path of the rule that compares them; a field that none compares is refused."""
    for name, member in value.items():
        path = f"{prefix}{name}"[:128]
        if not _field.fullmatch(name):
            raise _NotUnderstood(path, "is not declared by the type")
        if path in declared.rules:
            leaves[path] = member
        elif not any(known.startswith(f"{path}.") for known in declared.rules):
            raise _NotUnderstood(path, "is not declared by the type")
        elif not is_object(member) or not member:
            raise _NotUnderstood(path, "says nothing" if is_object(member) else "is not an object")
        else:
            _collect(member, f"{path}.", declared, leaves)


def _finding(declared: DetailsType) -> str | None:
    """What the registry would refuse: a field that cannot be compared can never be granted."""
    unknown = [field for field, name in declared.rules.items() if name not in RULES]
    if unknown:
        return f"rules.{unknown[0]}: no rule has that name; there are {', '.join(RULES)}"
    if len(json.dumps(declared.schema, separators=(",", ":")).encode()) > DETAILS_SCHEMA_BYTES:
        return f"schema: larger than {DETAILS_SCHEMA_BYTES} bytes"
    if declared.schema.get("type") != "object":
        return "schema: describe an object: the detail without its 'type'"
    compared: set[str] = set()
    finding = _object_finding(declared, declared.schema, "", compared)
    if finding is not None:
        return finding
    if len(compared) > DETAILS_FIELDS:
        return f"schema: more than {DETAILS_FIELDS} fields"
    stray = [field for field in declared.rules if field not in compared]
    return f"rules.{stray[0]}: the schema has no field {stray[0]} to compare" if stray else None


def _object_finding(declared: DetailsType, schema: Any, field: str, compared: set[str]) -> str | None:
    at = f"schema.{field}" if field else "schema"
    if field.count(".") + (2 if field else 1) > DETAILS_DEPTH:
        return f"{at}: nested deeper than {DETAILS_DEPTH}"
    own = keyword_finding(schema, at, field == "")
    properties = schema.get("properties")
    if own is not None or not is_object(properties) or not properties:
        return own or f"{at}: declare at least one field under 'properties'"
    for name, inner in properties.items():
        path = f"{field}.{name}" if field else name
        if not _field.fullmatch(name) or name == "type" and not field or not is_object(inner):
            return f"{at}.{name}: use letters, digits and '_', a letter first, and describe it by a schema"
        finding = _field_finding(declared, inner, path, compared)
        if finding is not None:
            return finding
    return None


def _field_finding(declared: DetailsType, schema: Mapping[str, Any], path: str, compared: set[str]) -> str | None:
    name = declared.rules.get(path)
    if name is None:
        if schema.get("type") == "object":
            return _object_finding(declared, schema, path, compared)
        return f"schema.{path}: field {path} has no rule: say under 'rules' how it is compared"
    compared.add(path)
    ends = schema.get("properties")
    parts = [schema, *(ends.values() if is_object(ends) else ())]
    parts += [schema.get("items")] if schema.get("type") == "array" else []
    for part in parts:
        finding = keyword_finding(part, f"schema.{path}", False) if is_object(part) else f"{path}: describe it"
        if finding is not None:
            return finding
    return None if RULES[name].fits(schema) else f"rules.{path}: rule {name} takes {RULES[name].takes}"
