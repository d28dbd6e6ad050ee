"""A function to formula text: its clone runs on symbolic arrays, again for as long as open sizes turn out to be equal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symbackprop.errors import ShapeError, SymbackpropError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.digest import digest_of
from symbackprop.ir.dtype import is_float, using_float
from symbackprop.ir.packing import Pack, Packed, Packing, leaf_names
from symbackprop.ir.records import Records, records_in
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, substitute
from symbackprop.ops.broadcasting import unifying
from symbackprop.read.from_numpy.arguments import Arguments, Parameter, arguments_of
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.clones import Clones
from symbackprop.read.from_numpy.expressions import Written, written
from symbackprop.read.from_numpy.flexible import Flexible
from symbackprop.read.from_numpy.running import running
from symbackprop.read.from_numpy.sizes import TracedSize
from symbackprop.read.shapes import declarations_text
from symbackprop.read.vocabulary.arguments import collecting

__all__ = ["TracedFunction", "trace_function"]


@dataclass(frozen=True)
class TracedFunction:
    """What a function does, as a formula.

    Parameters
    ----------
    text : str
        The formula.
    inputs : str
        The declarations of its inputs: the leaves of the function's arguments, then its large constants.
    wrt : str or tuple of str
        What the gradient is with respect to.
    packing : Packing or None
        How the function is called and what it returns, where that is more than arrays.
    constants : mapping of str to array
        The large constants.
    lines : tuple of int
        For each statement of the formula the line of the user's file that it comes from.
    fixed : mapping of str to int
        Sizes of examples that had to be numbers.
    arguments : Arguments
        The parameters, for calling the function itself.
    records : Records or None
        What of the results is a named tuple.
    """

    text: str
    inputs: str
    wrt: str | tuple[str, ...] | None
    packing: Packing | None
    constants: Mapping[str, np.ndarray[Any, Any]]
    lines: tuple[int, ...]
    fixed: Mapping[str, int]
    arguments: Arguments
    records: Records | None = None


def trace_function(
    function: Callable[..., Any],
    inputs: Any = None,
    wrt: str | Sequence[str] | None = None,
    static: Iterable[str] = (),
    dtype: str = "float64",
    fixed: bool = False,
) -> TracedFunction:
    """Run a clone of `function` on symbolic arrays and return what it did.

    Parameters
    ----------
    function : callable
        Written in NumPy.
    inputs : mapping, str, sequence or None
        Shapes or examples of its parameters.
    wrt : str or sequence of str, optional
        Parameters that a gradient is with respect to; all real ones by default.
    static : iterable of str
        Parameters whose values are fixed.
    dtype : str
        The dtype of real inputs.
    fixed : bool
        Whether the sizes of examples are numbers.

    Raises
    ------
    SymbackpropError
        On what the function does that cannot be compiled, with the line.
    """
    arguments = arguments_of(function, inputs, static, dtype)
    flexible = Flexible(arguments.numbers)
    if fixed and flexible.fix_all():
        solution = flexible.solved()
        arguments = replace(arguments, specs=tuple(_substituted(spec, solution) for spec in arguments.specs))
    while True:
        run = _Run(function, arguments, flexible, dtype)
        found = run.formula()
        solution = flexible.solved()
        if found is not None and not solution:
            return _traced(arguments, flexible, run, found, wrt)
        arguments = replace(arguments, specs=tuple(_substituted(spec, solution) for spec in arguments.specs))


def _substituted(spec: ArgumentSpec, solution: Mapping[str, Size]) -> ArgumentSpec:
    return replace(spec, shape=tuple(substitute(size, solution) for size in spec.shape or ()))


class _Run:
    """One run of the function's clone."""

    def __init__(self, function: Callable[..., Any], arguments: Arguments, flexible: Flexible, dtype: str) -> None:
        self._function = function
        self._arguments = arguments
        self._flexible = flexible
        self._dtype = dtype
        self.trace = Trace(getattr(function, "__name__", "the function"), arguments.specs, flexible)
        self.results: Packed = None
        self.records: Records | None = None

    def formula(self) -> Written | None:
        """Return what the function does; None where sizes have to be equal that were open, for which it runs again."""
        trace = self.trace
        by_name = {spec.name: x for spec, x in zip(self._arguments.specs, trace.inputs, strict=True)}
        try:
            with using_float(self._dtype), collecting(), unifying(self._flexible.unify), running(trace):
                clones = Clones(trace)
                clone = clones.of(self._function)
                positional, named = self._arguments.call_of(by_name, clones.seen)
                results = self._returned(clone, positional, named)
                self.records = records_in(results, clones.class_of)
                self.results, plain = _plain_results(results, trace)
                return written(trace.gathered(plain), [spec.name for spec in trace.specs])
        except ShapeError as error:
            mentioned = re.findall(r"\w+", error.message)
            if self._flexible.unify_alike(mentioned) or self._flexible.unify_alike([*self._flexible.numbers]):
                return None  # sizes that are equal in the examples may be what is missing
            if self._flexible.fix_all():
                return None  # or that sizes are the numbers that they have there
            raise
        finally:
            trace.is_open = False

    def _returned(self, clone: Callable[..., Any], positional: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """Return what the clone returns; a refusal is raised, whatever the function or a library made of it."""
        try:
            results = clone(*positional, **named)
        except SymbackpropError:
            raise
        except Exception as error:
            if self.trace.refusal is None:
                raise
            raise self.trace.refusal from error
        if self.trace.refusal is not None:
            raise self.trace.refusal
        return results


# --- results ----------------------------------------------------------------------------------------------------------


def _plain_results(results: Any, trace: Trace) -> tuple[Packed, Any]:
    """Return how results are packed, where that takes a dict, and the results in tuples and lists."""
    if isinstance(results, (tuple, list, dict)) and not results:
        raise UnsupportedError(
            f"{trace.title} returns an empty {type(results).__name__}; return what is to be computed"
        )
    if not _has_dict(results):
        return None, _checked(results, trace)
    leaves: list[Any] = []
    packed = _packed_results(results, leaves, trace)
    return packed, tuple(leaves)


def _has_dict(results: Any) -> bool:
    if isinstance(results, (tuple, list)):
        return any(map(_has_dict, results))
    return isinstance(results, dict)


def _packed_results(results: Any, leaves: list[Any], trace: Trace) -> Packed:
    if isinstance(results, dict):
        wrong = next((key for key in results if type(key) not in (str, int)), None)
        if wrong is not None:
            raise UnsupportedError(f"{trace.title} returns a dict with the key {wrong!r}; keys are text or integers")
        items = tuple(_packed_results(item, leaves, trace) for item in results.values())
        return Pack("dict", tuple(results), items)
    if isinstance(results, (tuple, list)):
        items = tuple(_packed_results(item, leaves, trace) for item in results)
        return Pack("list" if isinstance(results, list) else "tuple", tuple(range(len(items))), items)
    leaves.append(_checked(results, trace, inside=True))
    return str(len(leaves) - 1)


def _checked(results: Any, trace: Trace, inside: bool = False) -> Any:
    """Return results, all of which are numbers and arrays; `inside` is whether these are in a nest."""
    if isinstance(results, (tuple, list)):
        items = [_checked(item, trace, inside=True) for item in results]
        return items if isinstance(results, list) else tuple(items)
    if isinstance(results, (tuple, list, dict)) and not results:
        raise UnsupportedError(
            f"{trace.title} returns an empty {type(results).__name__}; return what is to be computed"
        )
    if results is None and inside:
        raise UnsupportedError(
            f"{trace.title} returns a nest that has None in it; leave it out, as from the arguments of a derivative, which "
            "is nested as these are"
        )
    if results is None:
        raise UnsupportedError(f"{trace.title} returns None; return what is to be computed")
    if isinstance(results, (TracedArray, TracedSize, int, float, np.ndarray, np.generic)):
        return results
    raise UnsupportedError(
        f"{trace.title} returns a {type(results).__name__}; return numbers and arrays, in tuples, lists or dicts"
    )


# --- what is asked for ------------------------------------------------------------------------------------------------


def _traced(
    arguments: Arguments, flexible: Flexible, run: _Run, found: Written, wrt: str | Sequence[str] | None
) -> TracedFunction:
    trace = run.trace
    constants = {name: array for name, array in trace.constants.constants.items() if name in found.inputs}
    specs = [spec for spec in trace.specs if spec.name not in trace.constants.constants or spec.name in constants]
    packed = {p.name: p.packed for p in arguments.parameters if p.packed is not None}
    dtypes = {spec.name: spec.dtype for spec in arguments.specs}
    asked = _asked(wrt, packed, dtypes)
    chosen = asked if isinstance(asked, str) else tuple(asked)
    gradient: Packed
    if isinstance(chosen, str):
        gradient = _differentiable(packed[chosen], dtypes)
    else:
        items = tuple(_differentiable(packed[name], dtypes) for name in chosen)
        gradient = Pack("tuple", tuple(range(len(items))), items)
    leaves = tuple(leaf_names(gradient))
    given = [p for p in arguments.parameters if p.packed is not None]
    defaults = tuple((p.name, _plain(p.default)) for p in given if _is_given(p))
    named_only = tuple(p.name for p in given if p.keyword_only)
    plain = all(isinstance(item, str) for item in packed.values())
    packing = None
    if not plain or constants or run.results is not None or defaults or named_only:
        digests = tuple((name, digest_of(array)) for name, array in constants.items())
        packing = Packing(tuple(packed.items()), gradient, run.results, defaults, digests, named_only)
    return TracedFunction(
        text=found.text,
        inputs=declarations_text(specs),
        wrt=gradient if isinstance(gradient, str) else leaves,
        packing=packing,
        constants=constants,
        lines=found.lines,
        fixed=dict(flexible.fixed),
        arguments=arguments,
        records=run.records,
    )


def _is_given(parameter: Parameter) -> bool:
    """Tell whether a default is a number, for a parameter that takes one."""
    return isinstance(parameter.packed, str) and isinstance(parameter.default, (int, float, np.number))


def _plain(number: Any) -> Any:
    """Return a number as Python's own."""
    if isinstance(number, (bool, np.bool_)):
        return bool(number)
    return int(number) if isinstance(number, (int, np.integer)) else float(number)


def _asked(wrt: Any, packed: Mapping[str, Packed], dtypes: Mapping[str, str]) -> str | Sequence[str]:
    """Return the parameters that a gradient is asked for."""
    if wrt is None:
        return [name for name, item in packed.items() if any(is_float(dtypes[leaf]) for leaf in leaf_names(item))]
    names = [wrt] if isinstance(wrt, str) else list(wrt)
    for name in names:
        if name not in packed:
            known = ", ".join(packed) or "none"
            raise UnknownNameError(
                f"wrt names {name!r}, which is not an input; the inputs are {known}.{nearest_names(str(name), packed)}"
            )
        if not any(is_float(dtypes[leaf]) for leaf in leaf_names(packed[name])):
            raise UnsupportedError(f"wrt names {name!r}, which is not real-valued; only real inputs have gradients")
    return wrt if isinstance(wrt, str) else names


def _differentiable(packed: Packed, dtypes: Mapping[str, str]) -> Packed:
    """Return a structure with None for what has no gradient."""
    if isinstance(packed, str):
        return packed if is_float(dtypes[packed]) else None
    if packed is None:
        return None
    return replace(packed, items=tuple(_differentiable(item, dtypes) for item in packed.items))
