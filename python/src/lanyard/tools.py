"""Digests of tools as MCP servers list them, description and name included (docs/tools.md)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._base.text import MAX_SAFE_INTEGER
from .errors import LanyardError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TEXTS = ("title", "description")
_MAPS = ("inputSchema", "outputSchema", "annotations")
_DEPTH, _TOOL_BYTES, _LIST_BYTES, _PAGES, _TOOLS, _CURSOR = 64, 65_536, 4_194_304, 100, 300, 4_096


@dataclass(frozen=True)
class DigestedTool:
    """A tool of a server, as far as its digest covers it."""

    name: str
    digest: str
    tool: Mapping[str, Any]


@dataclass(frozen=True)
class ToolSet:
    """All tools of a server in the order of their names, and the digest of the set."""

    tools: Sequence[DigestedTool]
    digest: str


def tool_digest(tool: object) -> str:
    """Digest of one item of ``tools`` of ``tools/list``: ``sha256:`` and 64 hex digits.

    :raises LanyardError: ``tools_unreadable`` for a tool that has none
    """
    return _digest({"format": "lanyard-tool-1", **_listed(tool)})


def tools_digest(tools: Mapping[str, str]) -> str:
    """Digest of a set of tools, by name.

    :raises LanyardError: ``tools_unreadable`` for a name or a digest of another form
    """
    for name, digest in tools.items():
        if not _NAME.fullmatch(name) or not _DIGEST.fullmatch(digest):
            raise _unreadable(f"{name[:128]} has no digest of this form")
    return _digest({"format": "lanyard-tools-1", "tools": [[name, tools[name]] for name in sorted(tools)]})


def read_tools(page: Callable[[str | None], object]) -> ToolSet:
    """Reads a server's whole list.

    :param page: gives the result of ``tools/list`` for a cursor, None for the first page
    :raises LanyardError: ``tools_unreadable`` for a list that cannot be read whole, and what ``page`` raises
    """
    found: dict[str, DigestedTool] = {}
    cursors: set[str] = set()
    cursor: str | None = None
    size = 0
    for _ in range(_PAGES):
        result = page(cursor)
        tools = result.get("tools") if isinstance(result, Mapping) else None
        if not isinstance(tools, list):
            raise _unreadable("a page of the list has no tools")
        for item in tools:
            tool = _listed(item)
            name = str(tool["name"])
            if name.lower() in found:
                raise _unreadable(f"{name} could be taken for {found[name.lower()].name}")
            if len(found) >= _TOOLS:
                raise _unreadable(f"there are more than {_TOOLS} tools")
            size += len(_canonical(tool))
            if size > _LIST_BYTES:
                raise _unreadable(f"the list has more than {_LIST_BYTES} bytes")
            found[name.lower()] = DigestedTool(name, tool_digest(tool), tool)
        cursor = result.get("nextCursor") if isinstance(result, Mapping) else None
        if cursor is None:
            ordered = sorted(found.values(), key=lambda one: one.name)
            return ToolSet(ordered, tools_digest({one.name: one.digest for one in ordered}))
        if not isinstance(cursor, str) or len(cursor) > _CURSOR:
            raise _unreadable("a page of the list names its next one by no fit cursor")
        if cursor in cursors:
            raise _unreadable("the server names the same next page twice")
        cursors.add(cursor)
    raise _unreadable(f"the list has more than {_PAGES} pages")


def _listed(value: object) -> dict[str, Any]:
    """What counts of a tool; members that nobody is shown are left out."""
    name = value.get("name") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _unreadable("a tool's name is not up to 128 ASCII letters, digits, '_', '-' and '.'")
    for members, kind in ((_TEXTS, str), (_MAPS, Mapping)):
        for member in members:
            if member in value and not isinstance(value[member], kind):
                raise _unreadable(f"{name}: {member} is of another type")
    if "inputSchema" not in value:
        raise _unreadable(f"{name}: there is no inputSchema")
    tool = {member: value[member] for member in ("name", *_TEXTS, *_MAPS) if member in value}
    if len(_canonical(tool)) > _TOOL_BYTES:
        raise _unreadable(f"{name}: more than {_TOOL_BYTES} bytes")
    return tool


def _digest(value: object) -> str:
    return f"sha256:{hashlib.sha256(_canonical(value)).hexdigest()}"


def _canonical(value: object) -> bytes:
    """Canonical JSON (RFC 8785)."""
    try:
        return _text(value, 0).encode("utf-8")
    except UnicodeEncodeError:
        raise _unreadable("a text is half a character") from None


def _text(value: object, depth: int) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float)):
        return _number(value)
    if depth >= _DEPTH:
        raise _unreadable(f"nested deeper than {_DEPTH}")
    if isinstance(value, (list, tuple)):
        return f"[{','.join(_text(item, depth + 1) for item in value)}]"
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise _unreadable("a value is not one of JSON")
    # by UTF-16 code units (3.2.3)
    names = sorted(value, key=lambda name: str(name).encode("utf-16-be", "surrogatepass"))
    return f"{{{','.join(f'{_text(name, depth)}:{_text(value[name], depth + 1)}' for name in names)}}}"


def _number(value: int | float) -> str:
    """As ECMAScript writes doubles (3.2.2.3)."""
    if not abs(value) <= MAX_SAFE_INTEGER:
        raise _unreadable("a number is beyond what every reader can represent")
    if value == int(value):
        return str(int(value))
    sign, digits, exponent = "-" if value < 0 else "", *_digits(abs(float(value)))
    point = len(digits) + exponent
    if point > 0:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if point > -6:
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1}"


def _digits(value: float) -> tuple[str, int]:
    """The shortest digits that read as the value, and the power of ten they are multiplied by."""
    mantissa, _, power = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    kept = digits.rstrip("0")
    return kept, int(power or 0) - len(fraction) + len(digits) - len(kept)


def _unreadable(description: str) -> LanyardError:
    return LanyardError("tools_unreadable", "tools", description=description)
