"""Dense arrays made of the factors that a compiled function returns, by the expression in its docstring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import symbackprop as sb
from symbackprop.compiled import CompiledFunction


def tuples_in(results: Any, forms: int) -> list[tuple[Any, ...]]:
    """Return the innermost tuples of results, which hold the factors of one derivative each."""
    if isinstance(results, tuple) and not any(isinstance(x, (tuple, list, dict)) for x in results) and forms:
        return [results]
    items = results.values() if isinstance(results, dict) else results
    return [found for item in items for found in tuples_in(item, forms)]


def assembled(f: CompiledFunction, results: Any, **sizes: int) -> list[np.ndarray]:
    """Return the dense derivatives: what the expressions in the docstring give."""
    found = []
    for form, factors in zip(f.structure.values(), tuples_in(results, len(f.structure)), strict=True):
        assert str(form) in f.source
        assert len(form.names) == len(factors)
        names: Mapping[str, Any] = {"np": np, **sizes, **dict(zip(form.names, factors, strict=True))}
        found.append(np.asarray(eval(str(form), dict(names))))
    return found


def checked(kind: str, formula: Any, values: Mapping[str, Any], wrt: str, **sizes: int) -> tuple[str, str]:
    """Return the kind and the expression of the structure that is found, having compared it with the dense derivative."""
    compiled = getattr(sb, f"compile_{kind}")
    f, dense = compiled(formula, wrt=wrt, structure=True), compiled(formula, wrt=wrt)
    wanted = np.asarray(dense(**values))
    (made,) = assembled(f, f(**values), **sizes)
    assert made.shape == wanted.shape
    np.testing.assert_allclose(made, wanted, rtol=1e-12, atol=1e-13)
    (form,) = f.structure.values()
    return form.kind, str(form)
