"""`NetworkFunction`: the compiled function of a layer spec."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbackprop.compiled import CompiledFunction
from symbackprop.emit.arguments import Binder
from symbackprop.emit.packing import Packer
from symbackprop.errors import ArgumentError
from symbackprop.networks.diagnosis import diagnosed
from symbackprop.networks.findings import Diagnosis
from symbackprop.read.layers.network import Network
from symbackprop.read.layers.records import Bounds

__all__ = ["NetworkFunction"]


class NetworkFunction(CompiledFunction):
    """A compiled function that knows the layers it is made of.

    Made by `compile_value`, `compile_grad` and `compile_value_and_grad` of a layer spec; not by hand.
    """

    network: Network

    @classmethod
    def of(cls, compiled: CompiledFunction, network: Network) -> NetworkFunction:
        """Return a compiled function with its network."""
        function = cls.__new__(cls)
        function.__dict__.update(compiled.__dict__)
        function.network = network
        return function

    @property
    def value(self) -> NetworkFunction:
        """The function that computes the value alone."""
        return self.of(super().value, self.network)

    def _computed(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        packer = self._packer
        assert packer is not None
        given, leaves = packer.leaves(args, kwargs)
        bound = self._binder.bind(tuple(leaves), {})
        for spec, array in zip(self.graph.arguments, bound, strict=True):
            if spec.name in self.network.written.bounds:
                _check_bounds(spec.name, np.asarray(array), self.network.written.bounds[spec.name])
        return packer.call(self._function, packer.packed(given, bound), {})

    def diagnose(self, *args: Any, **kwargs: Any) -> Diagnosis:
        r"""Measure how activations and adjoints go through the layers, and say what that means.

        Parameters
        ----------
        *args, **kwargs
            As for a call: ``diagnose(params, x=x, y=y)``.

        Returns
        -------
        Diagnosis
            A row a layer; printed, a table.

        Raises
        ------
        UnsupportedError
            If the network has no loss.

        Examples
        --------
        >>> import numpy as np
        >>> import symbackprop as sb
        >>> net = sb.read_layers("input 8\\ndense 8 sigmoid weights=normal(0.01)\\ndense 2\\nloss softmax_cross_entropy")
        >>> g = sb.compile_value_and_grad(net)
        >>> x = np.random.default_rng(0).normal(size=(20, 8))
        >>> report = g.diagnose(net.init(seed=0), x=x, y=np.eye(2)[[0, 1] * 10])
        >>> [row.layer for row in report.rows]
        ['dense 1', 'dense 2']
        """
        packing = self.recipe.packing
        assert packing is not None
        _, leaves = Packer(packing).leaves(args, kwargs)
        bound = Binder(self.graph.arguments, self.graph.guards, "numpy").bind(tuple(leaves), {})
        names = [spec.name for spec in self.graph.arguments]
        return diagnosed(self.network, self.recipe, dict(zip(names, bound, strict=True)))

    def __reduce__(self) -> tuple[object, ...]:
        remade, arguments = super().__reduce__()
        return _remade, (remade, arguments, self.network)


def _check_bounds(name: str, array: np.ndarray[Any, Any], bounds: Bounds) -> None:
    """Raise an error if an input of whole numbers holds one that stands for nothing; NumPy would count from the end."""
    wrong = (array < 0) | (array >= bounds.limit)
    if bounds.besides is not None:
        wrong &= array != bounds.besides
    if np.any(wrong):
        besides = "" if bounds.besides is None else f", or {bounds.besides}"
        raise ArgumentError(
            f"argument {name!r} holds {array[wrong].flat[0]}; the {bounds.what} are numbered from 0 to "
            f"{bounds.limit - 1}{besides}"
        )


def _remade(remade: Any, arguments: tuple[Any, ...], network: Network) -> NetworkFunction:
    return NetworkFunction.of(remade(*arguments), network)
