"""`root`, `fixed_point` and `minimizer`: solutions of equations, which are differentiated without looking at the solver.

The default solvers are written in formula text, and are read like any formula: see `read.vocabulary.solvers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.dtype import default_float, is_float
from symbackprop.ir.node import Const, Node, constant, make_input
from symbackprop.ir.size import Size, product, shape_text
from symbackprop.ops.broadcasting import agreed, converted, reshape, with_shape
from symbackprop.ops.derivatives import jacobian
from symbackprop.ops.implicit import require
from symbackprop.ops.implicit import root as root_of
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import concatenate
from symbackprop.ops.reduction import largest
from symbackprop.ops.rounding import absolute
from symbackprop.ops.solves import solve
from symbackprop.read.vocabulary.arguments import Value, collected_here, node_of, static_number
from symbackprop.read.vocabulary.closing import closed, refusing_counts
from symbackprop.read.vocabulary.solvers import ANDERSON, CONSTRAINED, LBFGS, NEWTON, evaluated
from symbackprop.read.vocabulary.trees import filled, leaves, same_form

__all__ = ["FUNCTIONS", "argmin", "fixed_point", "root"]

# what solvers take for nothing: a change of the solution, of a value by rounding, of a matrix and of an empty one
_SMALL: Mapping[str, Mapping[str, float]] = {
    "float32": {"tol": 1e-5, "rounding": 1e-6, "ridge": 1e-5, "least": 1e-30},
    "float64": {"tol": 1e-10, "rounding": 1e-15, "ridge": 1e-14, "least": 1e-300},
}
_CHOICE: Mapping[str, tuple[str, ...]] = {
    "argmin": ("lbfgs", "newton"),
    "fixed_point": ("anderson", "newton"),
    "root": ("newton", "anderson"),
}
_METHODS: Mapping[str, tuple[str, int]] = {"newton": (NEWTON, 50), "anderson": (ANDERSON, 200), "lbfgs": (LBFGS, 500)}


class _Given:
    """A function that solvers call."""

    def __init__(self, title: str, function: Callable[..., Value], parameters: Sequence[str] = ("x",)) -> None:
        self.title = title
        self.parameters = parameters
        self._function = function

    def __call__(self, *values: Value) -> Value:
        """Return what the function makes of values."""
        return self._function(*values)


def root(
    f: Any, guess: Value, solver: Any = None, method: Value = "newton", tol: Value = None, max_steps: Value = None
) -> Value:
    """``root(f, guess)``: u with ``f(u) = 0``, as many equations as unknowns, found from `guess`."""
    unknown = _Unknown(_checked(f, "root"), guess, "root", method)
    return unknown.solved(unknown.function("residual", unknown.flat), solver, method, tol, max_steps)


def fixed_point(
    f: Any, guess: Value, solver: Any = None, method: Value = None, tol: Value = None, max_steps: Value = None
) -> Value:
    """``fixed_point(f, guess)``: u with ``u = f(u)``, found from `guess`."""
    if method is None:
        method = "newton" if isinstance(guess, Node) and not guess.shape else "anderson"
    unknown = _Unknown(_checked(f, "fixed_point"), guess, "fixed_point", method)
    residual = unknown.function("residual", lambda x: unknown.flat(x) - x)
    return unknown.solved(residual, solver, method, tol, max_steps)


def argmin(
    f: Any,
    guess: Value,
    equality: Any = None,
    solver: Any = None,
    method: Value = None,
    tol: Value = None,
    max_steps: Value = None,
) -> Value:
    """``minimizer(f, guess)``: u where the number ``f(u)`` is least, found from `guess`; with ``equality(u) = 0`` if given."""
    method = method or ("lbfgs" if equality is None else "newton")
    unknown = _Unknown(_checked(f, "argmin"), guess, "argmin", method, is_scalar=True)
    if equality is not None:
        return unknown.constrained(_checked(equality, "equality"), solver, method, tol, max_steps)
    slope = unknown.function("gradient", lambda x: _jacobian(unknown.function("objective", unknown.flat), x))
    return unknown.solved(slope, solver, method, tol, max_steps)


def _checked(f: Any, word: str) -> Any:
    if not callable(f) or not hasattr(f, "parameters"):
        raise ArgumentError(f"{word} takes a function, defined above: def f(u): ...")
    return f


class _Unknown:
    """What is sought: a number, an array or a nest of arrays, as a number or one vector."""

    def __init__(self, f: Any, guess: Value, word: str, method: Value, *, is_scalar: bool = False) -> None:
        if method not in _CHOICE[word]:
            raise ArgumentError(f"method is {method!r}; {word} has {' and '.join(map(repr, _CHOICE[word]))}")
        self._f = f
        self._word = word
        self._form = guess
        self._is_scalar = is_scalar
        self._leaves = [_real(node) for node in leaves(guess, "guess")]
        if not self._leaves:
            raise ArgumentError(f"{word} has no unknowns: guess is empty")
        self._sizes: list[Size] = [product(leaf.shape) for leaf in self._leaves]
        self._is_number = len(self._leaves) == 1 and not self._leaves[0].shape and method == "newton"
        self.start = self._leaves[0] if self._is_number else _joined(self._leaves)

    def function(self, title: str, function: Callable[[Node], Node]) -> _Given:
        """Return a function of the vector of unknowns."""
        return _Given(title, lambda x: function(node_of(x)))

    def flat(self, x: Node) -> Node:
        """Return what the user's function makes of the unknowns, as a number or a vector."""
        result = self._f(self.nested(x))
        if self._is_scalar:
            value = node_of(result)
            if value.shape:
                raise ShapeError(
                    f"{self._word} takes a function with a number as result, not {shape_text(value.shape)}"
                )
            return _real(value)
        found = [_real(node) for node in leaves(result, "the result")]
        if not same_form(self._form, result):
            raise ShapeError(f"{self._f.title} nests its result otherwise than guess")
        for leaf, own in zip(self._leaves, found, strict=True):
            if len(leaf.shape) != len(own.shape) or not all(map(agreed, leaf.shape, own.shape)):
                raise ShapeError(
                    f"{self._f.title} gives {shape_text(own.shape)} where guess has {shape_text(leaf.shape)}; "
                    f"{self._word} takes as many equations as unknowns"
                )
        return found[0] if self._is_number else with_shape(_joined(found), x.shape)

    def nested(self, x: Node) -> Value:
        """Return a vector of unknowns in the form of the guess."""
        if self._is_number:
            return filled(self._form, [x])
        if len(self._leaves) == 1:
            leaf = self._leaves[0]
            return filled(self._form, [x if leaf.rank == 1 else reshape(x, shape=leaf.shape)])
        parts, start = [], 0
        for leaf, size in zip(self._leaves, self._sizes, strict=True):
            part = slice_(x, bounds=((start, start + size, 1),))
            parts.append(reshape(part, shape=leaf.shape) if leaf.rank != 1 else with_shape(part, leaf.shape))
            start = start + size  # type: ignore[assignment]
        return filled(self._form, parts)

    def solved(self, residual: Any, solver: Any, method: Value, tol: Value, max_steps: Value) -> Value:
        """Return the root of a residual, in the form of the guess."""
        return self.nested(self._root(residual, self.start, solver, method, tol, max_steps))

    def constrained(self, equality: Any, solver: Any, method: Value, tol: Value, max_steps: Value) -> Value:
        """Return the minimum under constraints: the root of the conditions of Karush, Kuhn and Tucker."""
        if method != "newton":
            raise ArgumentError(f"argmin with equality= solves by method='newton', not by {method!r}")
        if self._is_number:
            raise ArgumentError(
                "argmin with equality= takes a vector of unknowns; one number is fixed by its constraint"
            )
        names = {
            "objective": self.function("objective", self.flat),
            "equality": self.function("equality", lambda x: _vector(equality(self.nested(x)), "equality")),
        }
        names["jacobian"] = _Given("jacobian", _jacobian, ("f", "x"))
        found = evaluated(CONSTRAINED, {**names, "start": self.start})
        assert isinstance(found, tuple)
        start, conditions = found
        whole = self._root(conditions, node_of(start), solver, "newton", tol, max_steps)
        return self.nested(slice_(whole, bounds=((0, self.start.shape[0], 1),)))

    def _root(self, residual: Any, start: Node, solver: Any, method: Value, tol: Value, max_steps: Value) -> Node:
        bound = make_input(0, start.shape, start.dtype, collected_here().new_level())
        with refusing_counts(self._f.title):
            value = node_of(residual(bound))
            if solver is None:
                solution = self._default(residual, bound, method, tol, max_steps)
            else:
                solution = self._own(solver, bound)
        whole, captured = closed([value, solution], [bound])
        return root_of(start, *captured, residual=whole.part([0]), solver=whole.part([1]), symmetric=self._is_scalar)

    def _own(self, solver: Any, bound: Node) -> Node:
        """Return what the user's own solver finds."""
        found = _checked(solver, "solver=")(self.nested(bound))
        if not same_form(self._form, found):
            raise ShapeError(f"{solver.title} nests the solution otherwise than guess")
        parts = [_real(node) for node in leaves(found, "the solution")]
        return parts[0] if self._is_number else with_shape(_joined(parts), bound.shape)

    def _default(self, residual: Any, bound: Node, method: Value, tol: Value, max_steps: Value) -> Node:
        text, steps = _METHODS[str(method)]
        title = {"newton": "Newton's method", "anderson": "Anderson acceleration", "lbfgs": "L-BFGS"}[str(method)]
        message = f"{self._word}: {title} has not converged; give another guess, max_steps= or tol="
        if bound.dtype not in _SMALL:
            raise UnsupportedError(f"{self._word} has no {bound.dtype}; compute it in float32, with astype(x, float32)")
        names: dict[str, Any] = {
            "residual": residual,
            "objective": self.function("objective", self.flat),
            "jacobian": _Given("jacobian", _jacobian, ("f", "x")),
            "largest": _Given("largest", lambda x: _largest(node_of(x))),
            "divided": _Given("divided", lambda a, b: _divided(node_of(a), node_of(b)), ("a", "b")),
            "require": _Given("require", lambda u, ok: require(node_of(u), node_of(ok), message=message), ("u", "ok")),
            **{name: constant(number) for name, number in _SMALL[bound.dtype].items()},
            "max_steps": constant(steps) if max_steps is None else max_steps,
            "start": bound,
        }
        if tol is not None:
            names["tol"] = constant(static_number(tol, "tol"))
        return node_of(evaluated(text, names))


def _jacobian(f: Any, x: Value) -> Node:
    """Return the derivative of a function of a number or a vector."""
    at = node_of(x)
    bound = make_input(0, at.shape, at.dtype, collected_here().new_level())
    whole, captured = closed([node_of(f(bound))], [bound])
    return jacobian(at, *captured, body=whole, mode="reverse")


def _largest(x: Node) -> Node:
    return largest(absolute(x), axes=tuple(range(x.rank))) if x.shape else absolute(x)


def _divided(a: Node, b: Node) -> Node:
    return solve(a, b) if b.shape else b / a


def _joined(nodes: Sequence[Node]) -> Node:
    """Return arrays as one vector."""
    vectors = [node if node.rank == 1 else reshape(node, shape=(product(node.shape),)) for node in nodes]
    return vectors[0] if len(vectors) == 1 else concatenate(*vectors, axis=0)


def _vector(value: Value, title: str) -> Node:
    """Return the constraints as a vector."""
    return _joined([_real(node) for node in leaves(value, title)])


def _real(node: Node) -> Node:
    return converted(node, default_float()) if isinstance(node, Const) or not is_float(node.dtype) else node


FUNCTIONS: dict[str, Callable[..., Value]] = {"fixed_point": fixed_point, "minimizer": argmin, "root": root}
