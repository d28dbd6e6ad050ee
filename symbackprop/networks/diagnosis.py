"""How activations, adjoints and gradients go through the layers of a network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symbackprop.compilation import compile_adjoints, compile_recipe
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, named
from symbackprop.networks.findings import Diagnosis, LayerDiagnosis, verdicts
from symbackprop.networks.layer_jacobian import LayerJacobian
from symbackprop.read.layers.activations import Activation, elementwise_text
from symbackprop.read.layers.input import Input
from symbackprop.read.layers.losses import ReducedLoss
from symbackprop.read.layers.network import Network
from symbackprop.read.layers.problem import problem_of, problem_specs
from symbackprop.read.layers.records import Stage
from symbackprop.read.shapes import declarations_text

__all__ = ["diagnosed"]

Array = np.ndarray[Any, Any]
_FLAT = 0.05  # of the steepest slope, below which an activation is saturated
_EXAMPLES = 3  # at which Jacobians are looked at


def diagnosed(network: Network, recipe: Recipe, leaves: Mapping[str, Array]) -> Diagnosis:
    """Return what goes through the layers of `network` at the given parameters and data.

    Parameters
    ----------
    network : Network
    recipe : Recipe
        That it was compiled by.
    leaves : mapping of str to array
        The parameters and inputs, one by one, by name.
    """
    written = network.written
    if written.loss is None:
        raise UnsupportedError("a network without a loss has no adjoints to look at; end it with a loss")
    if written.losses[written.loss]:
        raise UnsupportedError("a loss an example is not one number to derive; let its reduction be mean or sum")
    stages = [s for s in written.stages if not isinstance(s.layer, Input) and s.value.shape and s.value.name in s.names]
    problem = problem_of(network, None)
    whole = replace(recipe, formula=problem.text, inputs=problem.inputs, wrt=problem.wrt, packing=problem.packing)
    wanted = [written.loss, *(name for s in stages for name in (*s.names, *s.parameters))]
    names, compute = compile_adjoints(whole, list(dict.fromkeys(wanted)))
    found = compute(*leaves.values())
    values = dict(zip(names, map(np.asarray, found[: len(names)]), strict=True))
    adjoints = dict(zip(names, map(np.asarray, found[len(names) :]), strict=True))
    look = _Look(network, leaves, values, adjoints, np.random.default_rng(0))
    rows = [row for row in map(look.row, stages) if not row.is_empty]  # some became part of what comes after them
    rows = [replace(row, verdict=verdict) for row, verdict in zip(rows, verdicts(rows), strict=True)]
    return Diagnosis(float(values[written.loss]), tuple(rows))


@dataclass(frozen=True)
class _Look:
    """What was computed for a diagnosis."""

    network: Network
    leaves: Mapping[str, Array]
    values: Mapping[str, Array]
    adjoints: Mapping[str, Array]
    rng: np.random.Generator

    def row(self, stage: Stage) -> LayerDiagnosis:
        """Return what goes through a layer; adjoints are those of single examples, whatever a mean made of them."""
        values, adjoints = self.values, self.adjoints
        sums = [name for name in stage.names if name.startswith("z") and name in adjoints]
        summed = sums[-1] if sums else stage.value.name
        used = [name for name in stage.parameters if name in values]
        gradient = _norm([adjoints[name] for name in used])
        weights = _norm([values[name] for name in used])
        units = self.network.written.axis(stage.value, 0 if stage.layer.kind.startswith("conv") else -1)
        saturated, dead = _slopes(stage, values.get(summed), units)
        return LayerDiagnosis(
            layer=_title(stage),
            activation=_norm([values[stage.value.name]]) if stage.value.name in values else math.nan,
            delta=self._count() / self._scale() * _norm([adjoints[summed]]) if summed in adjoints else math.nan,
            gradient=gradient,
            ratio=gradient / weights if weights else math.nan,
            saturated=saturated,
            dead=dead,
            stretch=self._stretch(stage),
        )

    def _count(self) -> int:
        """Return over how many examples the loss is a mean."""
        losses = [layer for layer in self.network.layers if isinstance(layer, ReducedLoss)]
        if self.network.batch == "none" or any(loss.reduction != "mean" for loss in losses):
            return 1
        first = next(iter(self.network.written.inputs))
        return int(self.leaves[first].shape[self._examples])

    def _scale(self) -> float:
        """Return what the loss is multiplied by on the way back."""
        return float(self.leaves.get("loss_scale", 1.0))

    @property
    def _examples(self) -> int:
        """The axis of the examples."""
        return -1 if self.network.batch == "columns" else 0

    def _stretch(self, stage: Stage) -> float:
        """Return the largest spectral norm of a layer's Jacobian over some examples; nan where not one value enters it."""
        entering, written = stage.entering, self.network.written
        if entering is None or stage.layer.inputs or entering.dtype != "float":
            return math.nan
        given = {**self.leaves, **self.values}
        if entering.name not in given or stage.value.name not in given or not given[stage.value.name].size:
            return math.nan
        specs = {spec.name: spec for spec in problem_specs(self.network)}
        specs[entering.name] = ArgumentSpec(entering.name, written.full(entering.shape), "float64")
        inputs = declarations_text([*specs.values()])
        text = "\n".join([*stage.statements, stage.value.name])
        count = given[entering.name].shape[self._examples] if self.network.batch != "none" else 1
        jacobian = LayerJacobian(text, inputs, entering.name)
        examples = [
            {name: self._one(given[name], spec.shape or (), number) for name, spec in specs.items()}
            for number in range(min(count, _EXAMPLES))
        ]
        return max(jacobian.spectral_norm(example, self.rng) for example in examples)

    def _one(self, array: Array, shape: tuple[Size, ...], number: int) -> Array:
        """Return the part of an array that is about one example."""
        if not shape or shape[self._examples] != named("m"):
            return array
        return np.take(array, [number], axis=self._examples)


def _title(stage: Stage) -> str:
    if stage.layer.name:
        return stage.layer.name
    number = "".join(filter(str.isdigit, stage.value.name.partition("_")[0]))
    return f"{stage.layer.kind} {number}".rstrip()


def _norm(arrays: Sequence[Array]) -> float:
    """Return the root mean square of the entries of arrays: inf if it is no number, nan without any entries."""
    count = sum(array.size for array in arrays)
    if not count:
        return math.nan
    largest = max((float(np.max(np.abs(array))) for array in arrays if array.size), default=0.0)
    if largest == 0.0 or not math.isfinite(largest):
        return 0.0 if largest == 0.0 else math.inf
    return largest * math.sqrt(sum(float(np.sum((array / largest) ** 2)) for array in arrays) / count)


# --- activations ------------------------------------------------------------------------------------------------------


def _slopes(stage: Stage, z: Array | None, units: int) -> tuple[float, float]:
    """Return the share of entries that are saturated and of units, along an axis, that are dead; nan where that means nothing."""
    layer = stage.layer
    name = layer.function if isinstance(layer, Activation) else getattr(layer, "activation", None)
    text = elementwise_text(name) if isinstance(name, str) else None
    if text is None or z is None or not z.size:
        return math.nan, math.nan
    derivative = compile_recipe(Recipe(text, "grad", "z", "z", False, "auto", "float64", "slope"))
    slope = np.abs(derivative(z))
    flat = _FLAT * np.max(np.abs(derivative(np.linspace(-3.0, 3.0, 61))))
    levels_off = np.all(np.abs(derivative(np.array([-50.0, 50.0]))) < flat)  # on both sides, as relu does not
    axes = tuple(axis for axis in range(z.ndim) if axis != units)
    return float(np.mean(slope < flat)) if levels_off else math.nan, float(np.mean(np.all(slope == 0.0, axis=axes)))
