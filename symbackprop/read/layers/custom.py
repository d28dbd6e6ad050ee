"""Layers of the user's own: functions written in NumPy, with the shapes of their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from symbackprop.errors import ArgumentError, ShapeError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.dtype import is_float
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import shape_text, to_text
from symbackprop.read.from_numpy.trace import TracedFunction, trace_function
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value
from symbackprop.read.shapes import read_declarations
from symbackprop.read.text import read_formula

__all__ = ["FunctionLayer", "functions_in", "with_functions"]


@dataclass(frozen=True)
class FunctionLayer(Layer):
    """A layer that is a function written in NumPy: ``function(x, ..., W, ...)``.

    The function is traced with all examples at once; its parameters come behind the values, in the order of their names
    in `parameters`, by position.

    Parameters
    ----------
    function : callable
        In text and documents its name, for `read_layers` to look up in its `functions`.
    parameters : mapping of str to shape, or callable
        The shapes of its parameters; or a function that returns these, given the shape of one example.
    weights : mapping of str to initialiser
        How they begin; like the weights of a dense layer by default, and zeros for those with less than two axes.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> def swish(x, beta):
    ...     return x / (1 + np.exp(-beta * x))
    >>> layer = sb.FunctionLayer(swish, parameters={"beta": ()}, weights={"beta": 1.0})
    >>> net = sb.Sequential([sb.Input(2), layer])
    >>> sb.compile_value(net)(net.init(), x=[[0.0, 100.0]]).tolist()
    [[0.0, 100.0]]
    """

    kind: ClassVar[str] = "function"
    arity: ClassVar[int | None] = None

    function: Any
    parameters: Any = field(default_factory=dict)
    weights: Any = field(default_factory=dict)

    def check(self) -> None:
        if not isinstance(self.function, str) and not callable(self.function):
            raise ArgumentError(f"layer function: {self.function!r} is no function")
        if not callable(self.parameters) and not isinstance(self.parameters, Mapping):
            raise ArgumentError("layer function: parameters is a mapping of names to shapes")

    def __hash__(self) -> int:
        return hash((self.name_of_function, self.name))

    @property
    def name_of_function(self) -> str:
        """What text and documents call the function."""
        return self.function if isinstance(self.function, str) else getattr(self.function, "__name__", "function")

    def build(self, builder: Builder, *values: Value) -> Value:
        if isinstance(self.function, str):
            raise UnknownNameError(
                f"there is no function {self.function!r}; give it: read_layers(..., functions={{...}})"
            )
        shapes = self.parameters(*(value.shape for value in values)) if callable(self.parameters) else self.parameters
        unknown = [stem for stem in self.weights if stem not in shapes]
        if unknown:
            raise ArgumentError(
                f"weights= says how {unknown[0]!r} begins, which is no parameter; there are {', '.join(shapes) or 'none'}."
                f"{nearest_names(str(unknown[0]), shapes)}"
            )
        names = []
        for stem, shape in shapes.items():
            size = _shape(stem, shape)
            given = self.weights.get(stem, "glorot_uniform" if len(size) > 1 else 0.0)
            names.append(
                (stem, size, builder.parameter(stem, size, checked_initialiser(given), is_weight=len(size) > 1))
            )
        specs = [
            ArgumentSpec(f"x{i}", builder.full(value.shape), builder.dtype(value)) for i, value in enumerate(values)
        ]
        specs += [ArgumentSpec(name, size, "float64") for _, size, name in names]
        traced = trace_function(self.function, [_declared(spec) for spec in specs])
        value = self._result(builder, traced)
        lines = traced.text.split("\n")
        parameters = [spec.name for spec in read_declarations(traced.inputs)]
        called = builder.define(self.name_of_function.strip("_<>") or "layer", parameters, lines)
        arguments = [*(value.name for value in values), *(name for _, _, name in names)]
        return value._replace(name=builder.let("a", f"{called}({', '.join(arguments)})"))

    def _result(self, builder: Builder, traced: TracedFunction) -> Value:
        """Return the shape and dtype of one example of what the function returns, without a name."""
        title = self.name_of_function
        if traced.constants:
            raise UnsupportedError(f"{title} uses a large array, {next(iter(traced.constants))}; make it a parameter")
        graph = read_formula(traced.text, read_declarations(traced.inputs))
        if len(graph.primals) != 1 or graph.structure is not None or traced.packing is not None:
            raise UnsupportedError(f"{title} returns a structure; a layer takes arrays and returns one array")
        (result,) = graph.primals
        example = builder.example(result.shape)
        if example is None:
            raise ShapeError(
                f"{title} returns shape {shape_text(result.shape)}, which does not keep the axis of the examples, m"
            )
        return Value("", example, "float" if is_float(result.dtype) else "bool" if result.dtype == "bool" else "int")


def _shape(stem: str, shape: Any) -> tuple[int, ...]:
    """Return the shape of a parameter, which is a number or several."""
    size = (shape,) if isinstance(shape, int) else shape
    if not isinstance(size, (tuple, list)) or not all(type(part) is int and part >= 0 for part in size):
        raise ArgumentError(f"parameter {stem!r} has the shape {shape!r}; a shape is a number, or several of them")
    return tuple(size)


def _declared(spec: ArgumentSpec) -> str:
    """Return the shape of an input as `trace_function` takes it."""
    sizes = " ".join(to_text(size).replace(" ", "") for size in spec.shape or ())
    return sizes + {"int64": " : int", "bool": " : bool"}.get(spec.dtype, "")


def with_functions(layers: Sequence[Layer], functions: Mapping[str, Any]) -> list[Layer]:
    """Return layers in which the functions that are known by name only are those of `functions`.

    Raises
    ------
    UnknownNameError
        If there is none of a name.
    """
    found: list[Layer] = []
    for layer in layers:
        body: tuple[Layer, ...] = getattr(layer, "body", ())
        if body:
            layer = replace(layer, body=tuple(with_functions(body, functions)))  # type: ignore[call-arg]
        found.append(_with_function(layer, functions) if isinstance(layer, FunctionLayer) else layer)
    return found


def _with_function(layer: FunctionLayer, functions: Mapping[str, Any]) -> FunctionLayer:
    if not isinstance(layer.function, str):
        return layer
    given = functions.get(layer.function)
    if given is None:
        raise UnknownNameError(
            f"layer function: there is no function {layer.function!r}; give it: read_layers(..., "
            f"functions={{{layer.function!r}: ...}}).{nearest_names(layer.function, functions)}"
        )
    if not isinstance(given, FunctionLayer):
        return replace(layer, function=given)
    return replace(
        layer, function=given.function, parameters=layer.parameters or given.parameters,
        weights=layer.weights or given.weights,
    )  # fmt: skip


def functions_in(layers: Sequence[Layer]) -> dict[str, FunctionLayer]:
    """Return the layers that are functions, by the names of these."""
    found: dict[str, FunctionLayer] = {}
    for layer in layers:
        if isinstance(layer, FunctionLayer):
            own = {layer.name_of_function: replace(layer, name=None, inputs=(), share=None)}
        else:
            own = functions_in(getattr(layer, "body", ()))
        for name, function in own.items():
            if found.setdefault(name, function) != function:
                raise ArgumentError(
                    f"there are several functions called {name!r}, or with other parameters; text and documents know "
                    "them by their names, so write a def of another name for each"
                )
    return found
