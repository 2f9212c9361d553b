"""What is kept is bounded, and what is fetched is fetched once."""

from __future__ import annotations

import threading
import time

import anyio
import httpx
import pytest
from cases import Ground, all_cases

from lanyard import AccessError, MemoryReplayStore
from lanyard.server import UsedProof


def used(key: str, jkt: str = "k") -> UsedProof:
    return UsedProof(key, jkt, 0)


def test_a_proof_is_known_for_its_whole_life_over_the_turn_of_a_generation() -> None:
    store = MemoryReplayStore()
    assert store.use(used("first"), 0) == "first"
    assert store.use(used("late"), 119) == "first"
    assert store.use(used("other"), 120) == "first"
    assert store.use(used("late"), 120 + 118) == "used"
    assert store.use(used("late"), 119 + 240) == "first"


def test_one_key_fills_its_own_share_alone() -> None:
    store = MemoryReplayStore(most=100)
    assert [store.use(used(f"a{n}", "a"), 0) for n in range(11)].count("full") == 1
    assert store.use(used("b", "b"), 0) == "first"
    assert all(store.use(used(f"{key}{n}", f"key-{key}"), 0) == "first" for key in range(8) for n in range(10))
    assert [store.use(used(f"z{n}", "z"), 0) for n in range(10)].count("first") == 9


def test_a_forgotten_proof_makes_room() -> None:
    store = MemoryReplayStore(most=10, most_per_key=1)
    assert (store.use(used("a"), 0), store.use(used("b"), 0)) == ("first", "full")
    store.forget(used("a"))
    assert (store.use(used("b"), 0), store.use(used("a"), 0)) == ("first", "full")


def test_a_clock_that_is_set_back_does_not_fill_the_store() -> None:
    store = MemoryReplayStore()
    assert store.use(used("a"), 1_000) == "first"
    assert store.use(used("a"), 0) == "used"


class Slow:
    """An issuer that takes its time, so that all who ask ask at once."""

    def __init__(self) -> None:
        file, case = next((file, case) for file, case in all_cases() if case["id"] == "accepted-1")
        self.ground = Ground(file, case)
        [(_, (self.method, self.target, headers))] = list(self.ground.steps())
        self.headers = [pair for pair in headers if pair[0] != "dpop"]
        self.asked: list[str] = []
        plain = self.ground._answer

        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(str(request.url))
            time.sleep(0.02)
            return plain(request)

        self.ground._answer = answer  # type: ignore[method-assign]


def test_many_threads_fetch_the_keys_once() -> None:
    slow = Slow()
    server = slow.ground.server()
    codes: list[str] = []

    def ask() -> None:
        with pytest.raises(AccessError) as refused:
            server.authenticate(slow.method, slow.target, slow.headers)
        codes.append(refused.value.code)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes) == {"proof_missing"} and len(slow.asked) == 2


def test_many_tasks_fetch_the_keys_once_and_a_cancelled_one_stops_nobody() -> None:
    slow = Slow()

    async def every() -> list[str]:
        server = slow.ground.async_server()
        codes: list[str] = []

        async def ask() -> None:
            try:
                await server.authenticate(slow.method, slow.target, slow.headers)
            except AccessError as error:
                codes.append(error.code)

        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                scope.cancel()
                await ask()
            for _ in range(20):
                group.start_soon(ask)
        return codes

    assert anyio.run(every) == ["proof_missing"] * 20
    assert len(slow.asked) <= 3
