"""Write what JAX makes of the coverage table: `python tests/references/by_jax.py`, which takes some minutes."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jspecial
import numpy as np
from record import Case, Gradients, record

jax.config.update("jax_enable_x64", True)


def straight_through(hard: Any, soft: Any) -> Any:
    return soft + jax.lax.stop_gradient(hard - soft)


def cummax(x: Any, axis: int | None = None) -> Any:
    flat = jnp.ravel(x) if axis is None else x
    return jax.lax.cummax(flat, (axis or 0) % jnp.ndim(flat))


def piecewise(x: Any, conditions: Any, values: list[Any]) -> Any:
    return jnp.piecewise(x, conditions if isinstance(conditions, list) else [conditions], values)


OTHERWISE_NAMED = {
    "cummax": cummax,
    "fill_diagonal": lambda x, value, wrap=False: jnp.fill_diagonal(x, value, wrap, inplace=False),
    "hyp2f1": lambda a, b, c, z: jspecial.hyp2f1(*(jnp.asarray(part, "float64") for part in (a, b, c)), z),
    "log_expit": jax.nn.log_sigmoid,
    "log_softmax": jax.nn.log_softmax,
    "partition": lambda x, kth, axis=-1: jnp.sort(x, axis),  # what is sorted is partitioned at every place
    "permute_dims": jnp.transpose,
    "piecewise": piecewise,
    "polyval": lambda coefficients, x: jnp.polyval(jnp.asarray(coefficients), x),
    "softmax": jax.nn.softmax,
    "softplus": jax.nn.softplus,
    "stop_gradient": jax.lax.stop_gradient,
    "straight_through": straight_through,
}
SPECIAL = {name: value for name, value in vars(jspecial).items() if not name.startswith("_")} | OTHERWISE_NAMED
SCOPE: dict[str, Any] = {
    **SPECIAL,
    **{name: value for name, value in vars(jnp).items() if not name.startswith("_")},
    **OTHERWISE_NAMED,
    "np": jnp,
    "special": SimpleNamespace(**SPECIAL),
    "constants": np.array,
}


UPDATES = {ast.Mult: "multiply", ast.Add: "add"}  # augmented assignments, as methods of x.at[index]


class InWordsOfJax(ast.NodeTransformer):
    """Writes into arrays as `x = x.at[index].set(value)`, lists of numbers as arrays, no ways of sorting."""

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        self.generic_visit(node)
        target = node.targets[0]
        return self.written(target, "set", node.value) if isinstance(target, ast.Subscript) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        self.generic_visit(node)
        assert isinstance(node.target, ast.Subscript)
        return self.written(node.target, UPDATES[type(node.op)], node.value)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(attr="at"), args=[array, index, value]):  # np.add.at(x, index, value)
                return self.updated(array, index, "add", value)
            case ast.Call(func=ast.Name("sort") | ast.Attribute(attr="copy")):
                node.keywords = [keyword for keyword in node.keywords if keyword.arg not in ("kind", "order")]
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        return node if node.arg == "axes" else self.generic_visit(node)  # type: ignore[return-value]

    def visit_List(self, node: ast.List) -> ast.expr:
        try:
            ast.literal_eval(node)
        except ValueError:
            return node
        return ast.Call(ast.Name("constants", ast.Load()), [node], [])

    def written(self, target: ast.Subscript, word: str, value: ast.expr) -> ast.stmt:
        assert isinstance(target.value, ast.Name)
        return ast.Assign(
            [ast.Name(target.value.id, ast.Store())], self.updated(target.value, target.slice, word, value)
        )

    @staticmethod
    def updated(array: ast.expr, index: ast.expr, word: str, value: ast.expr) -> ast.expr:
        place = ast.Subscript(ast.Attribute(array, "at", ast.Load()), index, ast.Load())
        return ast.Call(ast.Attribute(place, word, ast.Load()), [value], [])


def compiled(text: str, mode: str) -> Any:
    return compile(ast.fix_missing_locations(InWordsOfJax().visit(ast.parse(text, mode=mode))), "form", mode)


def evaluate(case: Case) -> tuple[float, Gradients]:
    *writes, last = case.form.split("; ")  # a form of the tests, in Python's syntax
    before, result = compiled("\n".join(writes), "exec"), compiled(last, "eval")

    def total(*given: Any) -> Any:
        known = {**case.values, **dict(zip(case.reals, given, strict=True))}
        exec(before, SCOPE, known)
        return jnp.sum(case.weights * eval(result, SCOPE, known))

    reals = [jnp.asarray(case.values[name], "float64") for name in case.reals]
    places = tuple(range(len(reals)))
    try:
        gradients = jax.grad(total, places)(*reals)
    except ValueError:  # loops of unknown length, in the series of some special functions, have no reverse mode
        gradients = jax.jacfwd(total, places)(*reals)
    return float(total(*reals)), [np.asarray(gradient) for gradient in gradients]


if __name__ == "__main__":
    record("JAX", jax.__version__, evaluate)
