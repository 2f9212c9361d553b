"""Text, bytes and JSON of untrusted senders, in exactly one spelling."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any, TypeGuard

from .limits import JSON_DEPTH

# the greatest whole number that every reader represents exactly
MAX_SAFE_INTEGER = 2**53 - 1


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 4648 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def bytes_of_b64url(text: str) -> bytes | None:
    """Bytes of base64url in its one canonical spelling; None for any other, since two texts would be one token."""
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if text != "" and b64url(data) == text else None


def utf8(text: str) -> bytes:
    """UTF-8, also of half a character, which JSON can escape: no text of a stranger may raise."""
    return text.encode("utf-8", "surrogatepass")


def sha256(text: str) -> str:
    """SHA-256 of a text, as base64url."""
    return b64url(hashlib.sha256(utf8(text)).digest())


def hmac_sha256(key: bytes, text: str) -> str:
    """HMAC-SHA-256 (RFC 2104) of a text, as base64url."""
    return b64url(hmac.new(key, utf8(text), hashlib.sha256).digest())


def is_same_secret(one: str, other: str) -> bool:
    """Whether two texts are equal. The time it takes does not tell where they differ."""
    return hmac.compare_digest(utf8(one), utf8(other))


def length(text: str) -> int:
    """Characters as the issuer counts them, in UTF-16."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """True for a JSON object."""
    return isinstance(value, dict)


def is_number(value: object) -> TypeGuard[int | float]:
    """True for a JSON number; Python counts truth values among the numbers, JSON does not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_count(value: object) -> TypeGuard[int | float]:
    """True for a whole number from 0 on that every reader represents exactly."""
    return is_number(value) and 0 <= value <= MAX_SAFE_INTEGER and value == int(value)


_visible = re.compile(r"[\x21-\x7e]+")


def is_name(value: object, most: int) -> TypeGuard[str]:
    """Visible ASCII, as in our ids and names: a control or look-alike character could deceive a log or a comparison."""
    return isinstance(value, str) and len(value) <= most and _visible.fullmatch(value) is not None


def parse_json(text: str, depth_max: int = JSON_DEPTH) -> Any:
    """Parses JSON of an untrusted sender, already bounded in bytes.

    Nesting is bounded before the parser recurses, and an object that names a member twice is refused, since two readers
    could see two values (RFC 8259 4).

    :raises ValueError: saying what is wrong
    """
    if _deepest(text) > depth_max:
        raise ValueError(f"nested deeper than {depth_max}")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refused, parse_int=_int)
    except json.JSONDecodeError:
        raise ValueError("not valid JSON") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _refused(_: str) -> Any:
    raise ValueError("not valid JSON")


def _int(digits: str) -> int | float:
    # Python refuses thousands of digits, other readers round them
    return int(digits) if len(digits) <= 20 else float(digits)


_structure = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


def _deepest(text: str) -> int:
    depth = deepest = 0
    for found in _structure.finditer(text):
        mark = found.group()
        if mark in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "}]":
            depth -= 1
    return deepest


def http_date(seconds: int) -> str:
    """A moment as headers write it (RFC 9110 5.6.7)."""
    return formatdate(seconds, usegmt=True)
