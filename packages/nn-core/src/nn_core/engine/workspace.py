"""Memory that a fused layer reuses between steps, and values derived from constant weights."""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from nn_core.engine.thread_pool import ThreadPool

T = TypeVar("T")


class Workspace:
    """The memory of one fused layer in one thread.

    frozen  whether the parameters are constant between calls, so that values derived from them
            are computed once
    pool    threads for large products
    """

    __slots__ = ("_arrays", "_derived", "frozen", "pool")

    def __init__(self, *, frozen: bool = False, pool: ThreadPool | None = None) -> None:
        self.frozen = frozen
        self.pool = ThreadPool() if pool is None else pool
        self._arrays: dict[str, npt.NDArray[Any]] = {}
        self._derived: dict[str, Any] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
        """The same array for the same name, shape and dtype; its contents are unchanged.

        Another shape under the same name reuses the same memory, which only grows; this
        invalidates the earlier array.
        """
        array = self._arrays.get(name)
        if array is None or array.shape != shape or array.dtype != dtype:
            size = math.prod(shape)
            flat = array if array is None or array.base is None else array.base
            if flat is None or flat.size < size or flat.dtype != dtype:
                flat = np.empty(size, dtype)
            array = self._arrays[name] = flat[:size].reshape(shape)
        return array

    def derived(self, name: str, make: Callable[[], T]) -> T:
        """The result of `make`, derived from parameters: computed at each call, or once if frozen."""
        if not self.frozen:
            return make()
        if name not in self._derived:
            self._derived[name] = make()
        found: T = self._derived[name]
        return found
