"""Parts of SciPy that take a second to load, which `import symbackprop` must not take."""

from __future__ import annotations

from types import ModuleType

__all__ = ["scipy_integrate", "scipy_optimize", "scipy_sparse"]


def scipy_optimize() -> ModuleType:
    """Return `scipy.optimize`."""
    import scipy.optimize

    return scipy.optimize


def scipy_integrate() -> ModuleType:
    """Return `scipy.integrate`."""
    import scipy.integrate

    return scipy.integrate


def scipy_sparse() -> ModuleType:
    """Return `scipy.sparse`."""
    import scipy.sparse

    return scipy.sparse
