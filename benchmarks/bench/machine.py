"""What the measurement runs on, and with how many threads."""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info, threadpool_limits

HAS_TORCH, HAS_SCIKIT = find_spec("torch") is not None, find_spec("sklearn") is not None
PACKAGES = ("nn-core", "numpy", "torch", "scikit-learn")


@contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """So many threads in the BLAS under NumPy and in PyTorch."""
    load_peers()
    with threadpool_limits(threads):
        if HAS_TORCH:
            import torch

            torch.set_num_threads(threads)
        yield


def load_peers() -> None:
    """Only libraries that are loaded can be told how many threads they may use."""
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # no processes in waiting
    if HAS_TORCH:
        import torch  # noqa: F401
    if HAS_SCIKIT:
        import sklearn.neural_network  # noqa: F401


def description() -> dict[str, Any]:
    """The processor, the versions, and the kernels of each BLAS that is loaded."""
    load_peers()
    found: dict[str, Any] = {
        "processor": _processor(),
        "cores": _usable_cores(),
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        "blas": [
            {
                "library": Path(pool["filepath"]).name.split("-")[0],
                "version": pool.get("version"),
                "kernels": pool.get("architecture"),
                "threads": pool["num_threads"],
            }
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        ],
        "forced_kernels": os.environ.get("OPENBLAS_CORETYPE"),
    }
    if HAS_TORCH:
        import torch

        found["torch"] = {
            "kernels": torch.backends.cpu.get_cpu_capability(),
            "oneDNN": torch.backends.mkldnn.is_available(),  # type: ignore[no-untyped-call]
            "MKL": torch.backends.mkl.is_available(),  # type: ignore[no-untyped-call]
        }
    return found


def remarks(found: dict[str, Any]) -> list[str]:
    """The description in lines, with a warning if the kernels were forced."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    lines = [
        f"{found['processor']}, {found['cores']} cores; Python {found['python']}, {versions}",
        *(f"{blas['library']} {blas['version']}: kernels {blas['kernels']}" for blas in found["blas"]),
    ]
    if "torch" in found:
        lines.append(f"PyTorch: kernels {found['torch']['kernels']}")
    if found["forced_kernels"]:
        lines.append(
            f"OPENBLAS_CORETYPE forces the kernels of {found['forced_kernels']}: unset it to measure what a user has"
        )
    missing = [name for name in ("torch", "scikit-learn") if name not in found["versions"]]
    if missing:
        lines.append(f"without {' and '.join(missing)}, which is not installed")
    return lines


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
