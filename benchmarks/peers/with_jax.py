"""JAX, compiled by `jit`, in double precision on the processor."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import jax
import jax.nn
import jax.numpy as jnp
import jax.scipy.linalg
import jax.scipy.special

from benchmarks.peers.peer import Call, form, positions, source_lines
from benchmarks.workloads import GRADIENT, HESSIAN, Workload

__all__ = ["lines", "prepare"]

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
NAMESPACE = SimpleNamespace(
    **vars(jnp),
    special=jax.scipy.special,
    erf=jax.scipy.special.erf,
    softmax=jax.nn.softmax,
    solve_triangular=jax.scipy.linalg.solve_triangular,
    scan=jax.lax.scan,
)


def prepare(workload: Workload, arguments: dict[str, Any]) -> Call:
    value = partial(form(workload, "jax"), NAMESPACE)
    places = positions(workload, arguments)
    if workload.derivative == GRADIENT:
        function = jax.jit(jax.value_and_grad(value, places))
    elif workload.derivative == HESSIAN:
        function = jax.jit(jax.hessian(value, *places))
    else:
        function = jax.jit(partial(_rows, value, places))
    given = [jnp.asarray(argument) for argument in arguments.values()]
    return lambda: jax.block_until_ready(function(*given))


def _rows(value: Any, places: tuple[int, ...], *arguments: Any) -> Any:
    """Pull one cotangent a column back for all rows at once."""

    def of_these(*chosen: Any) -> Any:
        merged = dict(enumerate(arguments)) | dict(zip(places, chosen, strict=True))
        return value(*merged.values())

    residuals, pull = jax.vjp(of_these, *(arguments[i] for i in places))
    n, k = residuals.shape
    seeds = jnp.broadcast_to(jnp.eye(k)[:, None, :], (k, n, k))
    return residuals, tuple(jnp.swapaxes(blocks, 0, 1) for blocks in jax.vmap(pull)(seeds))


def lines(workload: Workload) -> int:
    return source_lines(form(workload, "jax"))
