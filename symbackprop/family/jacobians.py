"""Derivatives in full: Jacobians and Hessians."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from symbackprop.compiled import CompiledFunction
from symbackprop.errors import ArgumentError, UnsupportedError
from symbackprop.family.asking import Batch, Inputs, Wrt, asked_for
from symbackprop.options import Request, checked_mode

__all__ = ["compile_hessian", "compile_jacobian"]


def compile_jacobian(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    mode: str = "auto",
    sparse: bool = False,
    structure: bool = False,
    with_value: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "jacobian",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a formula of any shape to a function that returns its Jacobian.

    The Jacobian of a value with respect to ``x`` has shape ``value.shape + x.shape``. It is array code: of
    ``sin(A @ x)``, ``np.cos(A @ x)[:, None] * A``. A loop of the formula's carries the tangents of all unit vectors at
    once, and keeps as much memory as these take. Over unit vectors there is a loop only where a function of the user's
    own takes one vector at a time.

    Parameters
    ----------
    formula, inputs, static, wrt, has_aux, target, dtype, name, optimize, batch
        As for `compile_grad`. One name in `wrt` gives an array, several a tuple of arrays for each value.
    mode : {"auto", "forward", "reverse"}
        Whether columns are pushed forward or rows pulled back. "auto" makes both, and of several values and inputs the
        cheaper of both for each block, and takes what has the fewest loops, and then the fewest counted operations, for
        named sizes of 100.
    sparse : bool
        Whether to return a `scipy.sparse.csr_array` of shape ``(value.size, x.size)`` instead: its pattern is found when
        compiling, and its entries are read from few products with sums of unit vectors. With `batch` it has the rows of
        one example after the other, and the columns too for an input that is a batch: blocks on a diagonal. See
        docs/sparse.md.
    structure : bool
        Whether to return each Jacobian as a tuple of factors: a diagonal, a scaled identity, a broadcast, an outer
        product, a low rank, blocks on a diagonal, a Kronecker product with the identity, or a sum of these. The
        docstring of the compiled function names the factors and says which NumPy expression makes the dense array of
        them, as ``np.diag(d) - np.outer(d, d)`` does of ``(d,)`` for a softmax. `CompiledFunction.structure` has for
        each derivative, by what the docstring calls it, the `names` of the factors, the `kind` and the `shape` of the
        array, and is as a string that expression. Which structure it is follows from the formula alone, never from
        numbers. Where none is found the only factor is the dense array, of kind "dense".
    with_value : bool
        Whether to return ``(value, Jacobian)``.

    Returns
    -------
    CompiledFunction

    Raises
    ------
    UnsupportedError
        On a value that is no real number, on what has no rule in the mode, and with ``sparse=True`` on what is not sparse,
        or not known to be for sizes that have names.

    Examples
    --------
    >>> import symbackprop as sb
    >>> J = sb.compile_jacobian("A[m,n] x[n] -> sin(A @ x)", wrt="x")
    >>> J([[1, 2], [3, 4], [5, 6]], [0, 0]).tolist()
    [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    >>> band = sb.compile_jacobian("x[n] -> x[1:]*x[:-1]", wrt="x", sparse=True)
    >>> band([1, 2, 3]).toarray().tolist()
    [[2.0, 1.0, 0.0], [0.0, 3.0, 2.0]]
    >>> J = sb.compile_jacobian("x[n] -> x**2", wrt="x", structure=True)
    >>> str(J.structure["d/dx"]), J([1, 2, 3])[0].tolist()
    ('np.diag(d)', [2.0, 4.0, 6.0])
    """
    asked = {"has_aux": bool(has_aux), "mode": checked_mode(mode), **_form(sparse, structure, batch)}
    request = Request("jacobian", wrt, bool(with_value), target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)


def compile_hessian(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    sparse: bool = False,
    with_value_and_grad: bool = False,
    weighted: bool = False,
    structure: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "hessian",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a scalar-valued formula to a function that returns its Hessian: forward over reverse.

    With respect to one input ``x`` it has shape ``x.shape + x.shape``; with respect to several it is a tuple of tuples
    of blocks, the block ``[i][j]`` of shape ``wrt[i].shape + wrt[j].shape``. Like a Jacobian it is array code.

    Parameters
    ----------
    formula, inputs, static, wrt, has_aux, target, dtype, name, optimize, batch
        As for `compile_grad`.
    sparse : bool
        Whether to return each block as a `scipy.sparse.csr_array` of shape ``(x.size, y.size)``; of a batch, one for all
        examples, as for `compile_jacobian`. See docs/sparse.md.
    with_value_and_grad : bool
        Whether to return ``(value, gradient, Hessian)``.
    weighted : bool
        Whether the formula may have any values, and what is returned is the Hessian of the sum of ``<value_bar, value>``
        over all of them, as the Lagrangian of constraints has it. The function takes the weights behind the inputs, named
        as the cotangents of `compile_vjp` are.
    structure : bool
        Whether to return each block as a tuple of factors, as for `compile_jacobian`: the docstring of the compiled
        function says ``H = X.T @ (c[:, None] * X)`` of the factors ``(X, c)`` for a logistic regression.

    Returns
    -------
    CompiledFunction

    At kinks
    --------
    As for `compile_hvp`: what jumps or bends has second derivative 0 where it does.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_hessian("x**2 * y")(3.0, 2.0)
    ((4.0, 6.0), (6.0, 0.0))
    >>> each = sb.compile_hessian("x[d] w[d] -> exp(x @ w)", wrt="w", batch={"x": 0})
    >>> each([[1.0, 2.0], [3.0, 1.0]], [0.0, 0.0]).tolist()
    [[[1.0, 2.0], [2.0, 4.0]], [[9.0, 3.0], [3.0, 1.0]]]
    >>> f = sb.compile_hessian("x[n] -> x**3", weighted=True)
    >>> f([1.0, 2.0], value_bar=[1.0, 10.0])[0][0].tolist()
    [[6.0, 0.0], [0.0, 120.0]]
    >>> H = sb.compile_hessian("x[n] -> log(sum(exp(x)))", wrt="x", structure=True)
    >>> str(H.structure["d^2/dx^2"]), H([0.0, 0.0])[0].tolist()
    ('np.diag(d) - np.outer(d, d)', [0.5, 0.5])
    """
    if weighted and with_value_and_grad:
        raise ArgumentError("weighted=True gives the Hessian alone; ask compile_vjp for values and cotangents")
    asked = {"has_aux": bool(has_aux), "weighted": bool(weighted), **_form(sparse, structure, batch)}
    request = Request("hessian", wrt, bool(with_value_and_grad), target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)


def _form(sparse: object, structure: object, batch: Batch) -> dict[str, bool]:
    """Return in what form derivatives are asked for."""
    if sparse and structure:
        raise ArgumentError(
            "a derivative is returned as a sparse matrix or in factors; keep one of sparse= and structure="
        )
    if structure and batch is not None:
        raise UnsupportedError(
            "factors are those of one derivative, and batch= asks for many; leave structure=True or batch= out"
        )
    return {"sparse": bool(sparse), "structure": bool(structure)}
