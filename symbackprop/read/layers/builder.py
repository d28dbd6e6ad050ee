"""A network as its layers write it: parameters, inputs, losses, and what is carried from call to call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from keyword import iskeyword
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError, UnknownNameError, nearest_names
from symbackprop.ir.graph import Guard
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, shape_text
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value, described
from symbackprop.read.layers.precision import Precision
from symbackprop.read.layers.records import Bounds, Parameter, Stage, State
from symbackprop.read.layers.statements import DTYPES, Statements

__all__ = ["Builder"]

_DEEPEST = 32  # layers in layers, so that they may recurse
_RESERVED = ("params", "state")  # what the dicts of parameters and of states are called


@dataclass(kw_only=True)
class Builder(Statements):
    """What layers write a network with.

    Attributes
    ----------
    writer : callable
        Calls `write` with a layer, and says of errors which layer they are about.
    short : Precision
        What computes in short floats.
    training : bool
        Whether the training form is written: dropout masks are applied, statistics are those of the batch.
    """

    writer: Callable[[Builder, Layer], None] = field(default=lambda builder, layer: builder.write(layer))
    short: Precision = field(default_factory=Precision)
    training: bool = True
    parameters: dict[str, Parameter] = field(default_factory=dict)
    inputs: dict[str, ArgumentSpec] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    new_states: dict[str, str] = field(default_factory=dict)
    bounds: dict[str, list[Bounds]] = field(default_factory=dict)
    origins: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of values with the entries of others
    guards: list[Guard] = field(default_factory=list)
    masks: dict[str, float] = field(default_factory=dict)  # how likely it is that an entry is kept
    penalties: list[str] = field(default_factory=list)
    outputs: dict[str, Value] = field(default_factory=dict)  # of the layers that have a name
    stages: list[Stage] = field(default_factory=list)
    current: Value | None = None
    losses: dict[str, bool] = field(default_factory=dict)  # by name: whether it is one an example
    heads: dict[str, str] = field(default_factory=dict)  # what losses that are left out would take
    _layer: Layer | None = None
    _count: int = 0  # of the layers with parameters of their own
    _counted: bool = False  # the layer that is written has its number
    _owned: dict[str, dict[str, str]] = field(default_factory=dict)  # layer's name: stem: parameter
    _depth: int = 0
    _shares: int = 0  # how many parameters have been those of another layer
    _given: Sequence[Value] = ()  # to the layer that is written next, whatever it says it takes from
    _noting: list[list[str]] = field(default_factory=list)  # where parameters that are asked for are noted
    _again: Iterator[str] | None = None  # the parameters that are given again
    _is_repeated: bool = False  # whether a block is written once more

    # --- layers -------------------------------------------------------------------------------------------------------

    def begin(self, layer: Layer) -> None:
        """Note which layer writes from now on."""
        self._layer = layer
        self._counted = False
        self._suffix = f"_{layer.name}" if layer.name else str(self._count or "")

    @property
    def suffix(self) -> str:
        """What the names of this layer end in: its number, or its name."""
        return self._suffix

    def taken_from(self, layer: Layer) -> list[Value]:
        """Return the values that a layer takes.

        Raises
        ------
        UnknownNameError, ArgumentError
            If there is no layer of such a name before it, or it takes another number of them.
        """
        for name in layer.inputs:
            if name not in self.outputs:
                raise UnknownNameError(
                    f"it takes from {name!r}, and no layer or input before it has that name; there are "
                    f"{', '.join(self.outputs) or 'none'}.{nearest_names(name, self.outputs)}"
                )
        values = [self.outputs[name] for name in layer.inputs]
        if not values and layer.arity != 0:
            if self.current is None:
                raise ArgumentError("nothing comes before it: a network begins with 'input', followed by a shape")
            values = [self.current]
        if not layer.takes_losses and (lost := [value.name for value in values if value.name in self.losses]):
            raise ArgumentError(f"it takes the loss {lost[0]}, which only 'loss total' does; say from=")
        if layer.takes_losses and (others := [value.name for value in values if value.name not in self.losses]):
            raise ArgumentError(f"it takes {others[0]}, which is no loss; say from= with the names of losses")
        if layer.arity is not None and len(values) != layer.arity:
            raise ArgumentError(f"it takes {layer.arity} value{'s' * (layer.arity != 1)}, and {len(values)} are given")
        return values

    def write(self, layer: Layer) -> None:
        """Let a layer write itself, behind what is there."""
        if layer.name in self.outputs and not self._is_repeated:
            raise ArgumentError(f"there is a layer called {layer.name!r} already; give one of them another name")
        values: Sequence[Value] = self._given or self.taken_from(layer)
        self._given = ()
        if layer.is_loss:
            values = [self.short.widened(self, value) for value in values]
        outside = self._layer, self._suffix, self._counted
        shares = self._shares
        if self._depth > _DEEPEST:
            raise ArgumentError(f"layers are nested deeper than {_DEEPEST}")
        self._depth += 1
        self.begin(layer)
        try:
            self.current = layer.build(self, *values)
            if layer.rearranges:
                origins = (self.origins.get(value.name, (value.name,)) for value in values)
                self.origins[self.current.name] = tuple(chain.from_iterable(origins))
        finally:
            self._depth -= 1
            self._layer, self._suffix, self._counted = outside
        if layer.share is not None and self._shares == shares and self._again is None:
            raise ArgumentError(f"it shares with {layer.share!r}, and has no parameters of its own to share")
        if self._layer is None or self._layer.name is None:  # what is in a block goes by the block's name
            self._suffix = str(self._count or "")
        if layer.name:
            self.outputs[layer.name] = self.current

    def stage(self, layer: Layer) -> None:
        """Let a layer of the network itself be written, and note what it wrote."""
        entering, names, parameters = self.current, len(self._names), len(self.parameters)
        statements = len(self.statements)
        self.writer(self, layer)
        assert self.current is not None
        own = tuple(self.parameters)[parameters:]
        written = tuple(self.statements[statements:])
        self.stages.append(Stage(layer, entering, self.current, tuple(self._names[names:]), own, written))

    def sequence(self, layers: Sequence[Layer], value: Value) -> Value:
        """Let layers write themselves one behind another, the first one behind `value`; return the last value."""
        self.current = value
        for layer in layers:
            self.writer(self, layer)
        return self.current

    def applied(self, layer: Layer, *values: Value) -> Value:
        """Let a layer write itself behind `values`, whatever it says it takes from, and return its value."""
        self._given = values
        self.writer(self, layer)
        assert self.current is not None
        return self.current

    @contextmanager
    def repetition(self, names: list[str] | None, *, first: bool) -> Iterator[None]:
        """Let the layers of a block be written once more, with the parameters in `names` again if these are shared.

        The `first` time fills `names`. A name of a layer stands for what it is the last time.
        """
        outside = self._again, self._noting, self._is_repeated
        self._is_repeated = self._is_repeated or not first
        if names is not None and first:
            self._noting = [*self._noting, names]
        elif names is not None:
            self._again, self._noting = iter(names), []
        try:
            yield
        finally:
            self._again, self._noting, self._is_repeated = outside

    # --- losses -------------------------------------------------------------------------------------------------------

    def begin_loss(self) -> None:
        """Name what follows after the loss, which has no number.

        Raises
        ------
        ArgumentError
            If it stands in a block.
        """
        assert self._layer is not None
        if self._depth > 1:
            raise ArgumentError("a loss cannot stand in a block of layers")
        self._suffix = f"_{self._layer.name}" if self._layer.name else ""

    @property
    def loss(self) -> str | None:
        """The name of the loss, if one is the last value."""
        name = self.current.name if self.current is not None else None
        return name if name in self.losses else None

    def let_loss(self, text: str, *, an_example: bool) -> Value:
        """Write a loss: one number, or one an example."""
        name = self.let("loss", text)
        self.losses[name] = an_example
        return Value(name, ())

    def leave_out(self, loss: Layer) -> None:
        """Note what a loss would take: these are the outputs of a network without one.

        They are called what the loss takes them by, or what the loss is called.
        """
        for name, value in zip(loss.inputs or (loss.name or "output",), self.taken_from(loss), strict=True):
            if value.name not in self.heads.values():
                self.heads[name] = value.name

    def finish(self) -> None:
        """Write the result behind everything else: the last value, with penalties added to a loss.

        Raises
        ------
        ArgumentError
            If there are penalties, which are of all examples together, and a loss an example.
        """
        if self.current is None:
            raise ArgumentError("a network has at least an input: its first layer")
        result = self.short.result(self, self.current).name
        results = [self.short.widened(self, Value(head, ())).name for head in self.heads.values()] or [result]
        if self.penalties and self.loss is not None:
            if self.losses[self.loss]:
                raise ArgumentError(
                    "the loss is one an example, and penalties (l1, l2) are of the whole network; leave them out, "
                    "or let the reduction be mean or sum"
                )
            self._suffix = ""
            results = [self.let("total", " + ".join([result, *self.penalties]))]
        self.short.finish(self)
        missing = [name for name in self.states if name not in self.new_states]
        assert not missing, f"layers did not say what {missing} are after the call"
        self.statements.append(", ".join([*results, *(self.new_states[name] for name in self.states)]))

    # --- names --------------------------------------------------------------------------------------------------------

    def _number(self) -> None:
        """Give the layer that is written its number, which it needs for its first parameter."""
        if not self._counted:
            self._counted = True
            self._count += 1
            if not (self._layer and self._layer.name):
                self._suffix = str(self._count)

    # --- inputs -------------------------------------------------------------------------------------------------------

    def parameter(
        self, stem: str, shape: Sequence[int], initialiser: Any, *, fan: tuple[int, int] | None = None,
        is_weight: bool = True, l1: float = 0.0, l2: float = 0.0,
    ) -> str:  # fmt: skip
        """Return the name of a parameter of the layer, its own or, where it shares, that of another layer's.

        Penalties ``l1 * sum(|W|) + l2 * sum(W**2)`` are added to the loss, once a parameter.
        """
        shape = tuple(shape)
        layer = self._layer
        assert layer is not None
        if self._again is not None:
            computed = next(self._again)
        elif layer.share is not None:
            computed = self.short.of_parameter(self, self._shared(layer.share, stem, shape))
        else:
            self._number()
            name = self._fresh(f"{stem}{self._suffix}")
            self.parameters[name] = Parameter(
                name, shape, checked_initialiser(initialiser), fan, described(layer), is_weight
            )
            self._own(stem, name)
            computed = self.short.of_parameter(self, name)
            self.penalties += [f"{l1!r}*sum(abs({name}))"] if l1 else []
            self.penalties += [f"{l2!r}*sum({name}**2)"] if l2 else []
        for names in self._noting:
            names.append(computed)
        return computed

    def _own(self, stem: str, parameter: str) -> None:
        """Note a parameter of the layer that is written, for others to share it."""
        if self._layer is not None and self._layer.name:
            self._owned.setdefault(self._layer.name, {})[stem] = parameter

    def _shared(self, owner: str, stem: str, shape: tuple[int, ...]) -> str:
        owned = self._owned.get(owner)
        if owned is None or stem not in owned:
            raise UnknownNameError(
                f"it shares {stem} of {owner!r}, and no layer before it has that name and such a parameter; there are "
                f"{', '.join(self._owned) or 'none with a name'}.{nearest_names(owner, self._owned)}"
            )
        self._shares += 1
        found = self.parameters[owned[stem]]
        if found.shape != shape:
            raise ShapeError(
                f"it shares {found.name} of shape {shape_text(found.shape)}, and would need {shape_text(shape)}"
            )
        self._own(stem, found.name)
        return found.name

    def state(self, stem: str, shape: Sequence[Size], initial: float, *, batched: bool = False) -> str:
        """Return the name of what is carried from call to call; `batched` where each example has its own."""
        self._number()
        name = self._fresh(f"{stem}{self._suffix}")
        self.states[name] = State(name, self.full(tuple(shape)) if batched else tuple(shape), initial)
        return self.short.of_input(self, name) if batched else name

    def carry(self, state: str, value: str) -> None:
        """Say what a state is after the call."""
        self.new_states[self.short.masters.get(state, state)] = self.short.master(self, value)

    def input(self, name: str, shape: Sequence[Size], dtype: str = "float", *, batched: bool = True) -> Value:
        """Declare an input of the network."""
        if name in self.inputs:
            raise ArgumentError(f"there are two inputs called {name!r}; give one of them another name")
        if name in self._taken or name in _RESERVED or not name.isidentifier() or iskeyword(name):
            raise ArgumentError(f"an input cannot be called {name!r}; choose another name")
        self._taken.add(name)
        full = self.full(tuple(shape)) if batched else tuple(shape)
        self.inputs[name] = ArgumentSpec(name, full, DTYPES[dtype])
        if dtype == "float":
            of_loss = self._layer is not None and self._layer.is_loss
            name = self.short.of_target(self, name) if of_loss else self.short.of_input(self, name)
        return Value(name, tuple(shape), dtype)

    def bound(
        self, name: str, count: Size, what: str, besides: int | None = None, *, barred: int | None = None,
        lengths: str = "",
    ) -> None:  # fmt: skip
        """Say that a value holds the numbers of `what`, of which there are `count`; checked on every call.

        Looked at are the inputs whose entries the value has; numbers that are computed of these are not.
        """
        self._limit(name, Bounds(count, besides, f"the {what} are numbered", barred, lengths))

    def bound_lengths(self, name: str, longest: Size) -> None:
        """Say that an input holds the lengths of sequences that have `longest` steps with their padding."""
        self._limit(name, Bounds(longest + 1, None, "these sequences have lengths"))

    def _limit(self, name: str, bounds: Bounds) -> None:
        for origin in self.origins.get(name, (name,)):
            if origin in self.inputs and bounds not in self.bounds.setdefault(origin, []):
                self.bounds[origin].append(bounds)

    def require(self, least: int, size: Size, message: str) -> None:
        """Demand that a size is not below `least`, now or, where that cannot be told, on every call."""
        if isinstance(size, int):
            if size < least:
                raise ShapeError(message)
            return
        self.guards.append(Guard(least, "<=", size, message))

    def mask(self, stem: str, shape: Sequence[Size], kept: float) -> str:
        """Return the name of an input that is true for what is kept, and note how likely that is."""
        name = self._fresh(f"{stem}{self._suffix}")
        self.inputs[name] = ArgumentSpec(name, self.full(tuple(shape)), "bool")
        self.masks[name] = kept
        return name

    def shared_input(self, name: str, shape: Sequence[Size], dtype: str = "float", *, batched: bool = True) -> Value:
        """Return an input that several layers may ask for by the same name, or an input layer have declared."""
        if name not in self.inputs:
            return self.input(name, shape, dtype, batched=batched)
        full = self.full(tuple(shape)) if batched else tuple(shape)
        found, needed = self.inputs[name], ArgumentSpec(name, full, DTYPES[dtype])
        if found != needed:
            raise ShapeError(
                f"it needs {name!r} as {needed.dtype} of shape {shape_text(needed.shape or ())}, and there is an input "
                f"{name!r}, {found.dtype} of shape {shape_text(found.shape or ())}"
            )
        return Value(name, tuple(shape), dtype)
