"""A drop-in for `sympy.lambdify`: its calling conventions, for values alone, in code of ours.

Nothing is printed by SymPy and no text is ever evaluated. What the code cannot be made of (other libraries, functions
of the user's own, printers) is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symbackprop.api import compile_value
from symbackprop.compiled import CompiledFunction
from symbackprop.errors import ArgumentError, UnsupportedError, nearest_names
from symbackprop.ir.results import Results, grids_as_lists
from symbackprop.lambdified import Lambdified

__all__ = ["lambdify"]

_KNOWN = ("math", "numpy", "scipy")
_OTHERS = ("mpmath", "sympy", "numexpr", "tensorflow", "jax", "cupy", "torch", "cmath")


def lambdify(
    args: Any,
    expr: Any,
    modules: Any = None,
    printer: None = None,
    use_imps: bool = True,
    dummify: bool | None = None,
    cse: bool | Callable[..., Any] = True,
    docstring_limit: int | None = 1000,
) -> Callable[..., Any]:
    """Compile SymPy expressions to a function of numbers and arrays, called as `sympy.lambdify` has it.

    Parameters
    ----------
    args : symbol, or nested sequence of symbols
        The arguments, nested as those of the call; functions of time, derivatives, matrix symbols and names too.
    expr : SymPy expression, number, or nested lists, tuples, dicts, matrices and arrays of these
        What is computed.
    modules : {None, "numpy", "scipy", "math"}, or sequence of these
        "math": numbers alone, with the standard library; matrices come back as lists of rows. Otherwise numbers and
        arrays: matrices come back as arrays, in code of Python's own arithmetic for numbers, of NumPy for arrays.
    printer : None
        Refused.
    use_imps, dummify, cse
        Accepted. Names never clash, and what is shared is computed once in any case.
    docstring_limit : int or None
        Up to how many operations the docstring shows the source.

    Returns
    -------
    function
        With the source as `.source`, and as `.compiled` all that can be asked of a `CompiledFunction`. It pickles.

    Shapes
    ------
    Arrays are mapped over entry by entry, and every value has the full shape, constants too. A matrix of r rows and c
    columns over arrays of shape s has shape (r, c) + s.

    Raises
    ------
    UnsupportedError, ArgumentError
        On what has no meaning here, all of it at once, and on symbols that are no arguments.

    Examples
    --------
    >>> import sympy
    >>> import symbackprop as sb
    >>> x, y, z = sympy.symbols("x y z")
    >>> f = sb.lambdify([x, (y, z)], [x * y, {"sum": x + z}])
    >>> f(2.0, (3.0, 4.0))
    [6.0, {'sum': 6.0}]
    >>> sb.lambdify(x, sympy.Matrix([[x, 1]]))([1.0, 2.0, 3.0]).shape
    (1, 2, 3)
    """
    numpy = _wants_numpy(modules)
    _check_options(printer, docstring_limit)
    from symbackprop.symbolic.parameters import matched_by_name, read_parameters, refuse_missing
    from symbackprop.symbolic.results import depends_on_reality, read_results, replaced

    parameters = read_parameters(args)
    leaves, results = read_results(expr)
    leaves = replaced(leaves, parameters.replaced)
    if not numpy:
        results = grids_as_lists(results)
    compiled = _compiled(leaves, results, parameters.symbols, numpy)
    if len(compiled.signature) > len(parameters.symbols):
        parameters = matched_by_name(parameters, leaves)
        compiled = _compiled(leaves, results, parameters.symbols, numpy)
        missing = [spec.name for spec in compiled.signature[len(parameters.symbols) :]]
        if missing:
            refuse_missing(leaves, parameters)
    checked = numpy or depends_on_reality(leaves)
    short = docstring_limit is None or sum(1 for _ in compiled.graph.nodes()) <= docstring_limit
    return Lambdified(compiled, parameters.layout, results, numpy, checked, short).method


def _compiled(leaves: list[Any], results: Results, symbols: Sequence[Any], numpy: bool) -> CompiledFunction:
    """Compile values in plain lists and tuples; what else puts them together is done behind the call."""
    from symbackprop.symbolic.results import computed

    try:
        return compile_value(computed(leaves, results), inputs=[*symbols], target="auto" if numpy else "math")
    except UnsupportedError as error:
        raise UnsupportedError(error.message.replace("target", "modules")) from None


def _wants_numpy(modules: Any) -> bool:
    """Tell whether code is wanted that takes arrays."""
    entries = [modules] if isinstance(modules, (str, Mapping)) or not hasattr(modules, "__iter__") else [*modules]
    names = [_module_name(entry) for entry in entries if not (isinstance(entry, Mapping) and not entry)]
    wanted = [name for name in names if name is not None]
    return not wanted or any(name != "math" for name in wanted)


def _module_name(entry: Any) -> str | None:
    if entry is None:
        return None
    if isinstance(entry, Mapping):
        named = ", ".join(map(str, [*entry][:10]))
        raise UnsupportedError(
            f"modules gives functions of your own for {named}; leave the dict out where SymPy's function of that name "
            "is meant, else compute its value first and pass it as an argument"
        )
    name = entry if isinstance(entry, str) else getattr(entry, "__name__", repr(entry))
    if name in _KNOWN:
        return str(name)
    if name in _OTHERS:
        raise UnsupportedError(
            f"modules names {name!r}; this lambdify makes code of 'numpy', 'scipy' or 'math', else use sympy.lambdify"
        )
    raise ArgumentError(f"modules names {name!r}; choose of {', '.join(_KNOWN)}.{nearest_names(str(name), _KNOWN)}")


def _check_options(printer: object, docstring_limit: object) -> None:
    if printer is not None:
        raise UnsupportedError("printer has no meaning here: the code is printed by symbackprop; leave it out")
    if docstring_limit is not None and not isinstance(docstring_limit, int):
        raise ArgumentError(f"docstring_limit is {docstring_limit!r}; give a number, or None for no limit")
