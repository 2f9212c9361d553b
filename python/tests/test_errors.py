"""Codes are the wire's and the TypeScript package's."""

from __future__ import annotations

import re
from pathlib import Path

from lanyard import AccessError, LanyardError, Refusal, Reply
from lanyard._verify.refused import FACES
from lanyard.errors import ADVICES, RETRYABLE_CODES

ROOT = Path(__file__).resolve().parents[2]


def members(path: str, start: str, end: str) -> set[str]:
    text = (ROOT / path).read_text("utf-8")
    block = text[text.index(start) : text.index(end, text.index(start))]
    return set(re.findall(r"^ {2}(?:\"?)([a-z_]+)\"?[:,]", block, re.MULTILINE))


def test_codes_are_those_of_typescript() -> None:
    theirs = members("client/error-codes.ts", "export const advices", "} as const")
    # that package has more: files of keys, messages of queues, roles that agents take, cards of A2A
    assert set(ADVICES) < theirs
    text = (ROOT / "client/error-codes.ts").read_text("utf-8")
    retryable = set(re.findall(r'"([a-z_]+)"', text[text.index("retryableCodes") :]))
    assert retryable == RETRYABLE_CODES


def test_each_refusal_has_a_face_and_an_advice() -> None:
    assert set(FACES) == members("core/verify/refusal.ts", "export const refusalFaces", "\n};")
    assert set(FACES) < set(ADVICES)


def test_a_servers_words_forge_no_line_of_a_log() -> None:
    error = LanyardError("refused", "token", description="a\nb\x1b[2J" + "x" * 500, error="e\r", request_id="\u202e")
    assert "\n" not in str(error) and "\x1b" not in str(error) and len(error.description or "") == 300
    assert (error.error, error.request_id) == ("e?", "?")


def test_an_access_error_tells_the_log_and_not_the_caller() -> None:
    error = AccessError(Refusal("scope_insufficient", {"required": ["a"], "missing": ["a"]}), Reply(403, {}, "x"))
    assert (error.code, error.status, error.retryable) == ("scope_insufficient", 403, False)
    assert "required a, missing a" in str(error)
