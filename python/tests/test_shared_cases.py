"""What the TypeScript verifier is held to, the Python verifier is held to as well: the same cases, sync and async."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from cases import Ground, all_cases, compare, let_in

from lanyard import AccessError, Authenticated

CASES = list(all_cases())
IDS = [f"{file['name']}/{case['id']}: {case['title'][:60]}" for file, case in CASES]


@pytest.mark.parametrize(("file", "case"), CASES, ids=IDS)
def test_sync(file: dict[str, Any], case: dict[str, Any]) -> None:
    ground = Ground(file, case)
    server = ground.server()
    for step, request in ground.steps():
        outcome: Authenticated | AccessError
        try:
            outcome = server.authenticate(*request, scopes=step.get("operation"))
            let_in(step, outcome)
        except AccessError as error:
            outcome = error
        compare(step, outcome)


def test_async_all() -> None:
    async def one(file: dict[str, Any], case: dict[str, Any]) -> None:
        ground = Ground(file, case)
        server = ground.async_server()
        for step, request in ground.steps():
            outcome: Authenticated | AccessError
            try:
                outcome = await server.authenticate(*request, scopes=step.get("operation"))
                let_in(step, outcome)
            except AccessError as error:
                outcome = error
            compare(step, outcome)

    async def every() -> None:
        for file, case in CASES:
            await one(file, case)

    anyio.run(every)


def test_most_are_refused() -> None:
    steps = [step for _, case in CASES for step in case["steps"]]
    assert len(CASES) > 800
    assert sum(step["expect"] != "accepted" for step in steps) > 700
