"""What loops and branches compute outside of a trace: Python's own, step by step, on arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError
from symbackprop.read.from_numpy.pytrees import flattened, unflattened

__all__ = ["plain_scan", "plain_while_loop", "takes_row"]

Stack = Callable[[Sequence[Any]], Any]


def plain_scan(
    step: Callable[..., Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    stack: Stack = np.stack,
) -> tuple[Any, Any]:
    """Return the last carry and the stacked values of all steps."""
    leaves, form = flattened(xs)
    lengths = {len(leaf) for leaf in leaves} | ({int(length)} if length is not None else set())
    if len(lengths) != 1:
        found = ", ".join(map(str, sorted(lengths)))
        raise ArgumentError(
            f"the number of steps is not one: {found}"
            if lengths
            else "the number of steps is missing: give xs, or length="
        )
    (steps,) = lengths
    with_row = xs is not None or takes_row(step)
    order = range(steps - 1, -1, -1) if reverse else range(steps)
    carry, results = init, {}
    for t in order:
        row = unflattened(form, [leaf[t] for leaf in leaves])
        carry, results[t] = _parts(step, step(carry, row) if with_row else step(carry))
    if not steps:
        row = unflattened(form, [np.zeros(np.shape(leaf)[1:], np.asarray(leaf).dtype) for leaf in leaves])
        with np.errstate(all="ignore"):
            value = _parts(step, step(init, row) if with_row else step(init))[1]
        nodes, value_form = flattened(value)
        return carry, unflattened(value_form, [stack([node])[:0] for node in nodes])
    forms = [flattened(results[t]) for t in range(steps)]
    columns = zip(*(nodes for nodes, _ in forms), strict=True)
    return carry, unflattened(forms[0][1], [stack(column) for column in columns])


def plain_while_loop(
    cond: Callable[[Any], Any], step: Callable[[Any], Any], init: Any, max_steps: int | None = None
) -> Any:
    """Return the carry for which the condition does not hold any more."""
    carry, count = init, 0
    while (max_steps is None or count < max_steps) and cond(carry):
        carry, count = step(carry), count + 1
    return carry


def takes_row(step: Callable[..., Any]) -> bool:
    """Tell whether a step that reads no rows takes one nevertheless, as ``lambda carry, _: ...`` does."""
    parameters = getattr(step, "parameters", None)
    if parameters is not None:
        return len(parameters) > 1
    code = getattr(step, "__code__", None)
    return code is not None and code.co_argcount - len(getattr(step, "__defaults__", None) or ()) > 1


def _parts(step: Callable[..., Any], result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        title = getattr(step, "__name__", "the step")
        raise ArgumentError(f"{title} returns the new carry and a value, `return carry, value`; the value may be None")
    return result
