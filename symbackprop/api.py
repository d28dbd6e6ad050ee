"""What the user calls: the compile family, on text, SymPy expressions, functions and layer specs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from symbackprop.compilation import compile_recipe
from symbackprop.compiled import CompiledFunction
from symbackprop.emit.bound import check_arrays, read_arrays, tail_of
from symbackprop.emit.header import Recipe, read_header, read_version
from symbackprop.emit.save import read_text
from symbackprop.errors import SymbackpropError
from symbackprop.forms import compile_formula
from symbackprop.ops.declare import primitives
from symbackprop.options import Request, asked_of_gradient
from symbackprop.read.layers.kinds import layer_kinds
from symbackprop.read.layers.listing import layers_page
from symbackprop.read.layers.schema import json_schema
from symbackprop.read.vocabulary.listing import supported_page
from symbackprop.version import __version__

__all__ = [
    "check_saved", "compile_grad", "compile_value", "compile_value_and_grad", "json_schema", "layer_kinds", "layers_page",
    "primitives", "supported_page",
]  # fmt: skip

Inputs = Mapping[Any, object] | Sequence[Any] | str | None
Checkpoint = Iterable[Any] | str | float | None
Batch = Mapping[Any, int] | None
Wrt = Any  # a name or a SymPy symbol, a sequence of these, or None


def compile_value(
    formula: Any = None,
    *,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    target: str = "auto",
    dtype: str = "float64",
    name: str = "value",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a formula to a function of its inputs that returns its value.

    Parameters
    ----------
    formula : str, SymPy expression, nested list or tuple of expressions, or function
        Text: Python expression syntax with NumPy's functions; one or several statements, the last one the result, or
        several with commas between. It may begin with declarations, ``"X[n,d] w[d] -> X @ w"``. SymPy: expressions,
        matrices, matrix expressions, sums over indexed arrays, and what `CompiledFunction.to_sympy` gives. Function: one
        written in NumPy, SciPy and `math`, of which a clone runs once on symbolic arrays. Without it, the result is a
        decorator.
    inputs : mapping, str or sequence of symbols, optional
        Shapes by name, ``{"X": "n d", "w": "d"}``, or compact text, ``"X[n,d] w[d] b"``. Without it every name of a
        text is a scalar, in order of first appearance. With SymPy input the keys may be symbols, and a sequence of
        symbols gives their order; without it they come by SymPy's sort key, those in `wrt` first. Arrays
        (`MatrixSymbol`, `IndexedBase`) have their own shapes; symbols in these are sizes, read from the arrays.
        For a function: a shape or an example for each parameter, or structures (dicts, lists, tuples of arrays, named
        tuples, dataclasses) of these; the sizes of examples stay open. Annotations declare too: ``def f(X: "n d")``.
    static : sequence of str, optional
        Parameters of a function whose values (examples or defaults) are fixed.
    target : {"auto", "math", "numpy"}
        What the printed code is made of. "auto" takes "math" where every input is a scalar and every primitive allows.
    dtype : {"float64", "float32"}
        The dtype of real inputs; float32 needs the numpy target.
    name : str
        The name of the printed function.
    optimize : {"readable", "fast"}
        How the code is laid out: as a person would write it, or for speed, with arrays written into buffers that are
        used again.
    batch : mapping of name to axis, optional
        Which inputs are batches of examples, and along which axis: the formula, and the shapes that are declared, are
        those of one example. Results are batches too, along their first axis, computed by array code for all examples at
        once; so is the gradient of each example's value, also with respect to what all examples share. Of an argument
        that is a structure all leaves are batches.

    Returns
    -------
    CompiledFunction

    Raises
    ------
    FormulaSyntaxError, UnknownNameError, ShapeError, UnsupportedError, ArgumentError
        On input that cannot be compiled, with the place in the formula.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_value("(w*x + b - y)**2")(2, 3, 1, 4)
    9.0
    """

    def compiled(function: Any) -> CompiledFunction:
        request = Request("value", None, False, target, dtype, name, optimize, batch=batch)
        return compile_formula(function, inputs, static, request)

    return compiled if formula is None else compiled(formula)  # type: ignore[return-value]  # a decorator gives one


def compile_grad(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    with_value: bool = False,
    has_aux: bool = False,
    clip: Mapping[str, float] | None = None,
    finite: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "grad",
    optimize: str = "readable",
    checkpoint: Checkpoint = None,
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a scalar-valued formula to a function that returns its gradient.

    The gradient is that of reverse accumulation, ``v_bar = sum over children c of (dc/dv)^T c_bar``.

    Parameters
    ----------
    formula, inputs, static, target, dtype, name, optimize, batch
        As for `compile_value`.
    wrt : str, SymPy symbol, or sequence of these, optional
        A name gives a single result, a sequence a tuple; the default is every real-valued input. Of several formulas
        each has its gradient, nested as they are.
    with_value : bool
        Whether to return ``(value, gradient)``.
    has_aux : bool
        Whether the first of several results is differentiated, and the others are returned as they are: a formula
        ``loss, aux`` gives ``(gradient, aux)``, or ``((value, aux), gradient)`` with the value. More than one other
        are a tuple.
    clip : {"value": c} or {"norm": c}, optional
        What the gradient is kept within: each entry from -c to c, or all of it scaled by ``min(1, c / norm)``, where
        the norm is that of all entries with respect to all inputs. A norm that is not finite makes all of it nan.
    finite : bool
        Whether to return, as the last result, whether all of the gradient is finite (before it is clipped): ``(value,
        gradient, finite)``. NumPy's warnings of overflow and the like are then off; the target is numpy.
    checkpoint : str, sequence of str, pair or number, optional
        What is kept for the way back; all else is computed again, and arrays are deleted where they are needed no more.
        By default all is kept. Names of values keep these, each the last of its segment; ``"sqrt"`` chooses about sqrt(n)
        segments, cut where few bytes cross, for up to one more forward pass, and stores about sqrt(2n) states of a `scan`
        of n steps. ``("binomial", 32)`` stores 32 states of every `scan`, between which the steps run again as the
        binomial schedule says. A budget, ``"64 MB"`` or bytes as a number, or a fraction of what keeping all takes, as
        0.3, is met with little computed again; ``("64 MB", {"n": 512})`` says for which sizes it is meant, which bytes
        need, and a fraction takes all to be 1,000 without. Inputs are kept anyway, and so is what a later segment takes
        from an earlier one.

    Returns
    -------
    CompiledFunction

    Raises
    ------
    BudgetError
        If a budget of memory cannot be met, with the least that can be.
    UnknownNameError
        If `checkpoint` names what is no value of the formula.
    UnsupportedError
        If a value has no derivative in reverse, or "binomial" is asked for where there is no `scan`.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_grad("(w*x + b - y)**2")(2, 3, 1, 4)
    (18.0, 12.0, 6.0, -6.0)
    >>> sb.compile_grad("r = w*x - y; r**2, abs(r)", wrt="w", has_aux=True)(2, 3, 1)
    (30.0, 5.0)
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> sb.compile_grad(x * sympy.sin(y), wrt=[y, x])(0.0, 2.0)
    (2.0, 0.0)
    >>> import numpy as np
    >>> @sb.compile_grad(inputs={"X": "n d", "w": "d"}, wrt="w")
    ... def length(X, w):
    ...     return np.sum((X @ w) ** 2)
    >>> length(np.eye(2), [1.0, 3.0]).tolist()
    [2.0, 6.0]
    >>> each = sb.compile_grad("x[d] w[d] y -> (x @ w - y)**2", wrt="w", batch={"x": 0, "y": 0})  # a row an example
    >>> each(np.eye(2), [1.0, 3.0], [0.0, 1.0]).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    asked = asked_of_gradient(has_aux, clip, finite, checkpoint)

    def compiled(function: Any) -> CompiledFunction:
        request = Request("grad", wrt, with_value, target, dtype, name, optimize, asked, batch)
        return compile_formula(function, inputs, static, request)

    return compiled if formula is None else compiled(formula)  # type: ignore[return-value]  # a decorator gives one


def compile_value_and_grad(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    clip: Mapping[str, float] | None = None,
    finite: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "value_and_grad",
    optimize: str = "readable",
    checkpoint: Checkpoint = None,
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a scalar-valued formula to a function that returns ``(value, gradient)``.

    Parameters
    ----------
    formula, inputs, wrt, static, has_aux, clip, finite, checkpoint, target, dtype, name, optimize, batch
        As for `compile_grad`.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_value_and_grad("(w*x + b - y)**2", wrt="w")(2, 3, 1, 4)
    (9.0, 18.0)
    >>> sb.compile_value_and_grad("r = w*x - y; r**2, abs(r)", wrt="w", has_aux=True)(2, 3, 1)
    ((25.0, 5.0), 30.0)
    """
    asked = asked_of_gradient(has_aux, clip, finite, checkpoint)

    def compiled(function: Any) -> CompiledFunction:
        request = Request("grad", wrt, True, target, dtype, name, optimize, asked, batch)
        return compile_formula(function, inputs, static, request)

    return compiled if formula is None else compiled(formula)  # type: ignore[return-value]  # a decorator gives one


def check_saved(path: str | os.PathLike[str]) -> None:
    """Make a saved file again from its header and compare.

    Raises
    ------
    FileError
        If it cannot be read.
    SymbackpropError
        If the file was edited, or another version made it.
    """
    text = read_text(path)
    name = os.fspath(path)
    try:
        version = read_version(text)
        if version != __version__:
            raise SymbackpropError(f"it is stale, made by version {version}, and this is {__version__}; save it again")
        recipe = read_header(text)
        compiled = compile_recipe(recipe, None, _constants_of(recipe, name))
        made = compiled.source + _bound_tail(compiled, name)
    except SymbackpropError as error:
        raise type(error)(f"{name}: {error}") from error
    if made != text:
        raise SymbackpropError(f"{name}: it was edited, and differs from what its header gives; save it again")


def _constants_of(recipe: Recipe, path: str) -> dict[str, Any]:
    """Return the arrays of the function's own that were saved with it, which a sparse derivative may depend on."""
    if recipe.packing is None or not recipe.packing.constants or not recipe.sparse:
        return {}
    names = [name for name, _ in recipe.packing.constants]
    return dict(zip(names, read_arrays(path).values(), strict=False))


def _bound_tail(compiled: CompiledFunction, path: str) -> str:
    """Return how a file ends whose function has arrays bound to it, having checked these."""
    digests = compiled.bound_digests
    if not digests:
        return ""
    check_arrays(path, digests)
    return tail_of(path, compiled.__name__, [*digests])
