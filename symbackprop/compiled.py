"""`CompiledFunction`: the generated function, with all that can be asked of it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from inspect import Signature
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symbackprop.cache import Kept
from symbackprop.emit.arguments import Binder, call_signature
from symbackprop.emit.counting.printed import counted
from symbackprop.emit.header import Recipe
from symbackprop.emit.load import load_function
from symbackprop.emit.mapping import filled, one_by_one
from symbackprop.emit.module import Printed
from symbackprop.emit.packing import Packer
from symbackprop.error_bound import WithErrorBound
from symbackprop.errors import UnsupportedError
from symbackprop.ir.auxiliary import returned_records
from symbackprop.ir.digest import digest_of
from symbackprop.ir.factored import Factored
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply
from symbackprop.ir.records import Records, recorded, recorded_call
from symbackprop.ir.signature import ArgumentSpec, label_texts
from symbackprop.ops.bodies import loops_among
from symbackprop.ops.cost import Cost, cost_of
from symbackprop.ops.opaque import opaque
from symbackprop.saving import Saving
from symbackprop.show.listing import explained
from symbackprop.stages import CompileReport, Stages
from symbackprop.workspace import WithWorkspace

if TYPE_CHECKING:
    from symbackprop.check.report import Report
    from symbackprop.symbolic.expressions import Expressions

__all__ = ["CompiledFunction", "Derived"]

Memory = Mapping[str, object] | None
Compile = Callable[..., "CompiledFunction"]
Print = Callable[[Graph, Recipe, str], Printed]
Verify = Callable[..., "Report"]
ToSympy = Callable[..., "Expressions"]


class Derived(NamedTuple):
    """The graphs of a formula: as it is differentiated, and as it is printed; and the rewrites on the way."""

    primal: Graph
    graph: Graph
    rewrites: Mapping[str, int]


Derive = Callable[[], Derived]


class CompiledFunction(Saving, WithWorkspace, WithErrorBound):
    """A function made from a formula: call it with positional or keyword arguments.

    Made by `compile_value`, `compile_grad` and their family; not by hand.

    Attributes
    ----------
    arguments : tuple of ArgumentSpec
        All inputs of the printed function, with those that are bound to it.
    guards : tuple of Guard
        What could not be decided when compiling and is checked on every call.
    """

    def __init__(
        self,
        recipe: Recipe,
        kept: Kept,
        derive: Derive,
        compile_recipe: Compile,
        print_graph: Print,
        verify: Verify,
        to_sympy: ToSympy,
        origin: object = None,
        constants: Mapping[str, np.ndarray[Any, Any]] | None = None,
        stages: Stages | None = None,
    ) -> None:
        self._origin = origin  # what the formula was made from, where that was not text
        self._recipe = recipe
        self._derive = derive
        self.arguments = kept.arguments
        self.guards = kept.guards
        self._tables = kept.tables
        self._printed = printed = kept.printed
        self._compile = compile_recipe
        self._print = print_graph
        self._verify = verify
        self._to_sympy = to_sympy
        self._stages = stages
        self._function = load_function(printed.source, printed.name)
        self.__name__ = self.__qualname__ = printed.name
        self.__doc__ = self._function.__doc__
        self.__wrapped__ = self._function  # where inspect.getsource finds the source
        self._binder = Binder(self.signature, self.guards, printed.target)
        self._found = dict(constants or {})  # arrays of the function's own
        self._constants = {**self._found, **self._tables}
        names = printed.parameters[len(printed.parameters) - len(self._constants) :]
        self._bound = dict(zip(names, self._constants.values(), strict=True))
        self._packer = None if printed.packing is None else Packer(printed.packing)
        self._records: Records | None = None
        self._value_records: Records | None = None

    def with_records(self, records: Records | None) -> CompiledFunction:
        """Return this function, calls of which return named tuples where these are in the `records` of its values."""
        recipe = self._recipe
        self._records = records
        if recipe.kind != "value":
            self._records = returned_records(
                records,
                *_derivatives(recipe),
                with_value=recipe.with_value,
                has_aux=recipe.has_aux,
                finite=recipe.finite,
            )
        self._value_records = records
        return self

    # --- calling ------------------------------------------------------------------------------------------------------

    def __call__(self, /, *args: object, **kwargs: object) -> Any:
        """Check and convert the arguments, and compute."""
        computed = self._computed(args, kwargs)
        return computed if self._records is None else recorded(computed, self._records)

    def _computed(self, args: tuple[object, ...], kwargs: dict[str, object], memory: Memory = None) -> Any:
        held = {**self._bound, **memory} if memory else self._bound
        if self._packer is not None:
            given, leaves = self._packer.leaves(args, kwargs)
            bound = self._binder.bind((*leaves, *self._found.values()), {})
            return self._packer.call(self._function, self._packer.packed(given, bound), held)
        if not memory and not self._recipe.sparse and self._binder.wants_arrays(args, kwargs):
            return self._mapped(args, kwargs)
        bound = self._binder.bind(args, kwargs)
        try:
            return self._function(*bound, **held)
        except ZeroDivisionError:  # of a mean's weight, 1 / n, which is no number of NumPy's
            self._binder.refuse_empty(args, kwargs)
            raise

    def _mapped(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        """Map scalar inputs over arrays, entry by entry, as a ufunc does."""
        arrays, shape = self._binder.bind_arrays(args, kwargs)
        if self.computes_arrays:
            return one_by_one(self._function, arrays, shape, plain=self._printed.target == "math")
        return filled(self.array_function(*arrays), arrays, shape)

    # --- what it is ---------------------------------------------------------------------------------------------------

    @cached_property
    def _derived(self) -> Derived:
        """What is known when the function has been compiled; one that was found in a cache is compiled again for it."""
        return self._derive()

    @property
    def graph(self) -> Graph:
        """The graph that was printed."""
        return self._derived.graph

    @property
    def rewrites(self) -> dict[str, int]:
        """The rewrites that made it, by name, with how often each was made."""
        return dict(self._derived.rewrites)

    @cached_property
    def computes_arrays(self) -> bool:
        """Whether the function computes arrays, loops, branches or calls opaque functions, though its inputs may be scalars."""
        nodes = self.graph.nodes()
        calls = any(isinstance(node, Apply) and node.op is opaque for node in nodes)
        return calls or bool(loops_among(nodes)) or any(node.shape for node in nodes)

    @property
    def formula_graph(self) -> Graph:
        """The graph of the formula itself, before it is differentiated and lowered."""
        return self._derived.primal

    @property
    def source(self) -> str:
        """The text of the generated module; what is saved, called, verified and shown in tracebacks."""
        return self._printed.source

    @property
    def function(self) -> Callable[..., Any]:
        """The bare generated function, for hot loops: the same results, no checks, no conversions."""
        return partial(self._function, **self._bound) if self._bound else self._function

    def __untraced__(self) -> Callable[..., Any]:
        """Return what stands for this function inside another one that is compiled."""
        return self.function if self._records is None else partial(recorded_call, self.function, self._records)

    @property
    def constants(self) -> Mapping[str, np.ndarray[Any, Any]]:
        """The large arrays bound to the function, to be read: of its module or closure, or where sparse entries are."""
        views = {name: array.view() for name, array in self._constants.items()}
        for view in views.values():
            view.flags.writeable = False
        return views

    @property
    def __signature__(self) -> Signature:
        """The arguments by the names that a call takes, for `inspect.signature`."""
        return call_signature(self._printed, self.signature)

    @property
    def recipe(self) -> Recipe:
        """What was asked for, from which the function can be made again."""
        return self._recipe

    @property
    def printed(self) -> Printed:
        """The source with its parts, for what builds on it."""
        return self._printed

    @cached_property
    def array_function(self) -> Callable[..., Any]:
        """The function in terms of NumPy, which maps scalar inputs over arrays."""
        printed = self._print(self.graph, self._recipe, "numpy")
        return load_function(printed.source, printed.name)

    @property
    def array_source(self) -> str:
        """The source that is used when scalar inputs are called with arrays.

        Raises
        ------
        UnsupportedError
            If the function computes arrays: it is then called once a point.
        """
        if self.computes_arrays:
            raise UnsupportedError("the function computes arrays of its own, so it is called once a point: see .source")
        return self._print(self.graph, self._recipe, "numpy").source

    @property
    def signature(self) -> tuple[ArgumentSpec, ...]:
        """The inputs in order, with shapes and dtypes."""
        return tuple(spec for spec in self.arguments if spec.name not in self._tables)

    @property
    def structure(self) -> Mapping[str, Factored]:
        """How derivatives are made of their factors, by what they are; see `compile_jacobian`."""
        return dict(zip(label_texts([*self.graph.factored]), self.graph.factored.values(), strict=True))

    @property
    def value(self) -> CompiledFunction:
        """The function that computes the value alone."""
        if self._recipe.kind == "value":
            return self
        return self._compile(self._recipe_of_value, self._origin, self._found).with_records(self._value_records)

    @property
    def _recipe_of_value(self) -> Recipe:
        if self._recipe.kind == "value":
            return self._recipe
        return self._recipe.of_value({spec.name for spec in self.arguments if spec.role})

    @property
    def bound_digests(self) -> Mapping[str, str]:
        """The hashes of the arrays that are bound to parameters of the printed function, by the names of these."""
        packing = self._recipe.packing
        digests = [] if packing is None else [digest for _, digest in packing.constants]
        digests += [digest_of(array) for array in self._tables.values()]
        return dict(zip(self._printed.parameters[len(self._printed.parameters) - len(digests) :], digests, strict=True))

    def __repr__(self) -> str:
        names = ", ".join(self.__signature__.parameters)
        of = self._recipe.function or repr(self._recipe.formula.strip()[:60])
        return f"<CompiledFunction {self.__name__}({names}) of {of}>"

    def verify(
        self,
        *,
        points: int = 2,
        seconds: float = 20.0,
        seed: int = 0,
        ranges: Mapping[Any, tuple[float, float]] | None = None,
    ) -> Report:
        """Verify the source against the formula, read again: by SymPy, with 50 digits, in floats.

        Parameters
        ----------
        points : int
            At how many points of the domain the numeric stages look.
        seconds : float
            How long the exact stage may take.
        seed : int
            For the choice of points.
        ranges : mapping of name to (low, high), optional
            Where inputs are looked at, where these are not numbers around 1: by name, or by SymPy's symbol. A positive
            range that is wide is drawn from evenly in the logarithm. Errors in floats are then relative to the size
            of the output, however small that is.

        Returns
        -------
        Report
            True exactly when every output passed; printed, a table.

        Raises
        ------
        UnknownNameError, ArgumentError
            On a name that is no input, or a range that is none.
        """
        return self._verify(self, self._recipe, self._origin, points=points, seconds=seconds, seed=seed, ranges=ranges)

    def to_sympy(self, *, sizes: Mapping[str, int] | None = None) -> Expressions:
        """Return value and gradient as SymPy expressions.

        Parameters
        ----------
        sizes : mapping, optional
            A number for each named size: arrays are given entry by entry.

        Returns
        -------
        Expressions
            With `value`, `gradient` (None for a value alone), the `symbols` of the inputs, and, where the
            expressions are large, `pairs` of symbols and what they stand for, as `sympy.cse` gives them. It is taken
            by `compile_value` and its family in place of an expression.

        Raises
        ------
        UnsupportedError
            If a size has no number, or a function no counterpart in SymPy.

        Examples
        --------
        >>> import symbackprop as sb
        >>> found = sb.compile_grad("exp(x)*y").to_sympy()
        >>> found.value, found.gradient
        (y*exp(x), (y*exp(x), exp(x)))
        """
        return self._to_sympy(self._recipe, self._origin, sizes)

    def cost(self) -> Cost:
        """Return what this function takes, and the value of its formula alone.

        Returns
        -------
        Cost
            Operations, transcendental functions, calls of NumPy, bytes moved and bytes that live at once, as polynomials
            in the named sizes and as numbers for given ones (`numbers`, `table`), with the ratio; printed, a table.

        Examples
        --------
        >>> import symbackprop as sb
        >>> cost = sb.compile_value_and_grad("X[n,d] w[d] -> sum(exp(X @ w))", wrt="w").cost()
        >>> cost.of_function.calls, cost.of_function.transcendental
        (4, n)
        """
        value = self.value
        of_function = counted(self.graph, self._recipe, self._printed)
        of_value = of_function if value is self else counted(value.graph, value.recipe, value.printed)
        return cost_of(value.graph, self.graph, of_value, of_function)

    def compile_report(self) -> CompileReport:
        """Return what compiling took, stage by stage.

        Returns
        -------
        CompileReport
            Printed, a table; `seconds` of all stages together, and `seconds_per_node` of the graph that was printed.

        Examples
        --------
        >>> import symbackprop as sb
        >>> report = sb.compile_grad("x*sin(y)").compile_report()
        >>> [stage.name for stage in report.stages][:3]
        ['read the formula', 'rewrite the formula', 'differentiate']
        """
        return CompileReport((), 0) if self._stages is None else self._stages.report()

    def explain(self) -> str:
        """Return a listing: the graph, the lines that it became, the rewrites and the counted operations."""
        listing = getattr(self._origin, "listing", None)
        traced = {} if listing is None else {self._recipe.function: listing()}
        return explained(traced, self.graph, self.source, self.rewrites, str(self.cost()))

    def _repr_html_(self) -> str:
        """Return the source for notebooks."""
        return f"<pre>{html.escape(self.source)}</pre>"


def _derivatives(recipe: Recipe) -> tuple[int, int]:
    """Return how many derivatives a function returns that are nested as its values are, and how many that are not."""
    if recipe.kind in ("gnvp", "fvp", "vjp", "divergence") or recipe.weighted:
        return 0, 1
    if recipe.kind in ("hvp", "hessian"):
        return 1 + recipe.with_value, 0
    return recipe.order if recipe.kind == "taylor" else 1, 0
