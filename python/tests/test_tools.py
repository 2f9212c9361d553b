"""Digests of tools are the TypeScript package's: the cases of ``conformance/tools``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lanyard import LanyardError
from lanyard.tools import read_tools, tool_digest, tools_digest

CASES = json.loads((Path(__file__).resolve().parents[2] / "conformance/tools/cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["tools"], ids=lambda case: case["title"])
def test_a_tool(case: dict[str, Any]) -> None:
    if "digest" in case:
        assert tool_digest(json.loads(case["json"])) == case["digest"]
    else:
        with pytest.raises(LanyardError) as refused:
            tool_digest(json.loads(case["json"]))
        assert refused.value.code == "tools_unreadable"


@pytest.mark.parametrize("case", CASES["lists"], ids=lambda case: case["title"])
def test_a_list(case: dict[str, Any]) -> None:
    pages = iter(case["pages"])
    if "digest" in case:
        assert read_tools(lambda _: next(pages)).digest == case["digest"]
    else:
        with pytest.raises(LanyardError):
            read_tools(lambda _: next(pages))


def test_a_list_without_an_end_is_refused_after_its_pages() -> None:
    asked: list[str | None] = []

    def page(cursor: str | None) -> object:
        asked.append(cursor)
        return {"tools": [], "nextCursor": str(len(asked))}

    with pytest.raises(LanyardError):
        read_tools(page)
    assert len(asked) == 100
    with pytest.raises(LanyardError):
        tools_digest({"a": "SHA256:00"})
