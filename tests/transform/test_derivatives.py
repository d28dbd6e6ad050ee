"""Derivatives inside of formulas, written out."""

from __future__ import annotations

import numpy as np
import pytest
from support import graph_of, run

from symbackprop.ir.body import Body
from symbackprop.ir.node import Node, make_input
from symbackprop.ops.bodies import nodes_within
from symbackprop.ops.contraction import contract
from symbackprop.ops.derivatives import jacobian
from symbackprop.ops.trigonometric import sin
from symbackprop.transform.derivatives import with_derivatives

X, A = make_input(0, (3,), "float64", 1), make_input(1, (2, 3), "float64", 1)
POINT = [np.array([0.3, -0.7, 1.1]), np.array([[0.5, 1.5, -0.2], [0.1, -0.9, 0.4]])]


def product(a: Node, x: Node) -> Node:
    return contract([a, x], [(0, 1), (1,)], (0,))


def expanded(body: Body, mode: str = "reverse") -> np.ndarray:
    arguments = [make_input(i, x.shape, x.dtype) for i, x in enumerate(body.inputs)]
    graph = with_derivatives(graph_of([jacobian(*arguments, body=body, mode=mode)]), lambda bodies: bodies)
    assert not [node for node in nodes_within(graph.nodes()) if getattr(node, "op", None) is jacobian]
    (found,) = run(graph.outputs, dict(zip(arguments, POINT, strict=False)))
    return np.asarray(found)


@pytest.mark.parametrize("mode", ["reverse", "forward", "leading"])
def test_of_a_vector_with_respect_to_a_vector(mode: str) -> None:
    x, a = POINT
    found = expanded(Body((X, A), (sin(product(A, X)),)), mode)
    wanted = np.cos(a @ x)[:, None] * a
    assert found == pytest.approx(wanted.T if mode == "leading" else wanted, rel=1e-14)


def test_of_a_number_with_respect_to_a_vector() -> None:
    x, a = POINT
    y = product(A, X)
    found = expanded(Body((X, A), (contract([y, y], [(0,), (0,)], ()),)))
    assert found == pytest.approx(2 * a.T @ a @ x, rel=1e-14)


def test_of_what_does_not_depend_on_it() -> None:
    assert expanded(Body((X, A), (contract([A], [(0, 1)], (0,)),))).tolist() == np.zeros((2, 3)).tolist()


def test_inside_of_another() -> None:
    """The Jacobian of a gradient is the Hessian."""
    x, a = POINT
    inner = jacobian(X, A, mode="reverse", body=Body((X, A), (contract([sin(product(A, X))], [(0,)], ()),)))
    found = expanded(Body((X, A), (inner,)))
    assert found == pytest.approx(-(a.T * np.sin(a @ x)) @ a, rel=1e-13)
