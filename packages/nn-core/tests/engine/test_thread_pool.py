"""Threads share pieces of work, and the BLAS has one thread meanwhile."""

import os
import sys
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from nn_core.engine import thread_pool
from nn_core.engine.thread_pool import ThreadPool, available_threads
from nn_core.errors import SettingError


def test_every_piece_is_done_once() -> None:
    for count in (1, 2, 5):
        for pieces in (0, 1, 2, 17):
            done: list[int] = []
            with ThreadPool(count) as pool:
                pool.map(lambda thread, piece, done=done: done.append(piece), pieces)  # type: ignore[misc]
            assert sorted(done) == list(range(pieces))


def test_no_two_threads_have_the_same_number() -> None:
    meeting = threading.Barrier(3, timeout=20)
    seen: dict[int, int] = {}

    def work(thread: int, piece: int) -> None:
        seen[thread] = threading.get_ident()
        meeting.wait()

    with ThreadPool(3) as pool:
        pool.map(work, 3)
    assert sorted(seen) == [0, 1, 2]
    assert len(set(seen.values())) == 3
    assert seen[0] == threading.get_ident()


def test_the_error_of_the_first_failed_piece_is_raised() -> None:
    begun: list[int] = []

    def work(thread: int, piece: int) -> None:
        begun.append(piece)
        raise ValueError(str(piece))

    with ThreadPool(2) as pool, pytest.raises(ValueError, match="0"):
        pool.map(work, 50)
    assert len(begun) <= 2


def test_work_within_work_is_done_by_its_own_thread() -> None:
    done: list[tuple[int, int]] = []
    with ThreadPool(2) as pool:

        def outer(thread: int, piece: int) -> None:
            pool.map(lambda thread, inner: done.append((piece, inner)), 3)

        pool.map(outer, 4)
    assert sorted(done) == [(i, j) for i in range(4) for j in range(3)]


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_the_blas_keeps_to_one_thread_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_pool, "_controller", [])  # other tests may have loaded the BLAS of SciPy since
    before = blas_threads()
    with ThreadPool(2) as pool:
        assert blas_threads() <= {1}
        with pool:
            pass
        assert blas_threads() <= {1}
    assert blas_threads() == before


def test_no_threads_at_all_are_refused() -> None:
    for threads in (0, -1):
        with pytest.raises(SettingError, match="thread"):
            ThreadPool(threads)


def test_a_reserved_pool_works_in_the_calling_thread() -> None:
    seen = set()
    with ThreadPool(3) as pool, pool.reserved():
        pool.map(lambda thread, piece: seen.add((thread, threading.get_ident())), 9)
    assert seen == {(0, threading.get_ident())}


def test_threads_treat_numbers_that_overflow_as_the_caller_does() -> None:
    def overflow(thread: int, piece: int) -> None:
        np.full(2, 3e38, np.float32) * np.float32(10)

    with ThreadPool(2) as pool:
        with np.errstate(over="ignore"):
            pool.map(overflow, 8)
        with np.errstate(over="raise"), pytest.raises(FloatingPointError):
            pool.map(overflow, 8)


def test_without_threadpoolctl_there_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_pool, "_controller", [])
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with pytest.warns(RuntimeWarning, match="threadpoolctl is not installed"), ThreadPool(2) as pool:
        pool.map(lambda thread, piece: None, 3)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (3, 3), (4, 4), (64, 4)])
def test_there_are_as_many_threads_as_cores_at_most_four(
    cores: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    assert available_threads() == threads
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert available_threads() == threads
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_threads() == 1
