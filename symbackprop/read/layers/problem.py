"""A network as what is compiled: formula text, declarations, and how parameters, gradients and states are packed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symbackprop.errors import UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.packing import Pack, Packed, Packing, leaf_names
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.read.layers.network import Network
from symbackprop.read.shapes import declarations_text

__all__ = ["NetworkProblem", "check_differentiable", "problem_of", "problem_specs", "value_names"]


@dataclass(frozen=True)
class NetworkProblem:
    """What a network is to the compiler.

    Parameters
    ----------
    text : str
        The formula.
    inputs : str
        The declarations of its leaves.
    wrt : str or tuple of str
        The leaves that the gradient is with respect to.
    packing : Packing
        The parameters as a dict, and states as another one.
    has_aux : bool
        Whether new states are returned beside the value.
    """

    text: str
    inputs: str
    wrt: str | tuple[str, ...] | None
    packing: Packing
    has_aux: bool


def problem_of(network: Network, wrt: str | Sequence[str] | None) -> NetworkProblem:
    """Return what is to be compiled.

    Raises
    ------
    UnknownNameError, UnsupportedError
        On what `wrt` names that the network does not have.
    """
    written = network.written
    params = Pack("dict", tuple(written.parameters), tuple(written.parameters), "params")
    states = Pack("dict", tuple(written.states), tuple(written.states), "state")
    arguments: list[tuple[str, Packed]] = [("params", params), *((name, name) for name in written.inputs)]
    arguments += [("state", states)] if written.states else []
    specs = problem_specs(network)
    gradient = _gradient(dict(arguments), [spec.name for spec in specs], wrt)
    leaves = tuple(leaf_names(gradient))
    return NetworkProblem(
        network.formula,
        declarations_text(specs),
        leaves[0] if isinstance(gradient, str) else leaves,
        Packing(tuple(arguments), gradient=gradient, results=_results(written.heads, states)),
        bool(written.states),
    )


def problem_specs(network: Network) -> list[ArgumentSpec]:
    """Return the declarations of all leaves: parameters, inputs, states."""
    written = network.written
    return [
        *(ArgumentSpec(name, parameter.shape, "float64") for name, parameter in written.parameters.items()),
        *written.inputs.values(),
        *(ArgumentSpec(name, state.shape, "float64") for name, state in written.states.items()),
    ]


def _results(heads: Mapping[str, str], states: Pack) -> Packed | None:
    """Return how results are returned: the value, or a dict of several; and beside it a dict like that of the states."""
    count = max(len(heads), 1)
    numbered = tuple(map(str, range(count + len(states.keys))))
    value: Packed = Pack("dict", tuple(heads), numbered[:count]) if count > 1 else "0"
    if states.keys:
        return Pack("tuple", (0, 1), (value, Pack("dict", states.keys, numbered[count:])))
    return value if count > 1 else None


def value_names(network: Network, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of values for those of layers among `names`: what these layers give."""
    outputs = network.written.outputs
    return tuple(outputs[name].name if name in outputs else name for name in names)


def check_differentiable(network: Network, wrt: object, *, needs_loss: bool = True) -> None:
    """Raise an error if there is no loss to differentiate, where it `needs_loss`, or nothing to differentiate it by."""
    if needs_loss and network.written.loss is None:
        raise UnsupportedError(
            "the network has no loss, and a gradient is that of one; end it with a line such as 'loss squared_error'"
        )
    if wrt is None and not network.written.parameters:
        inputs = ", ".join(network.written.inputs)
        raise UnsupportedError(f"the network has no parameters; say with respect to which input: wrt=, one of {inputs}")


def _gradient(arguments: dict[str, Packed], leaves: Sequence[str], wrt: str | Sequence[str] | None) -> Packed:
    """Return the leaves that the gradient is with respect to, as they are returned."""
    if isinstance(wrt, str) or wrt is None:
        name = wrt or "params"
        if name in arguments:
            return arguments[name]
        if name in leaves:
            return name
        known = [*arguments, *leaves]
        raise UnknownNameError(
            f"wrt names {name!r}, which the network does not have; it has {', '.join(known)}.{nearest_names(name, known)}"
        )
    items = tuple(_gradient(arguments, leaves, name) for name in wrt)
    if len(set(leaf_names(Pack("tuple", (), items)))) != sum(1 for _ in leaf_names(Pack("tuple", (), items))):
        raise UnsupportedError("wrt names something twice")
    return Pack("tuple", tuple(range(len(items))), items)
