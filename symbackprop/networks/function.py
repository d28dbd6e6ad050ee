"""`NetworkFunction`: the compiled function of a layer spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from symbackprop.compiled import CompiledFunction
from symbackprop.emit.arguments import Binder
from symbackprop.emit.packing import Packer
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.networks.diagnosis import diagnosed
from symbackprop.networks.findings import Diagnosis
from symbackprop.networks.limits import Limits
from symbackprop.read.layers.network import Network

__all__ = ["NetworkFunction"]


class NetworkFunction(CompiledFunction):
    """A compiled function that knows the layers it is made of.

    Made by `compile_value`, `compile_grad` and their family of a layer spec; not by hand.
    """

    network: Network

    @classmethod
    def of(cls, compiled: CompiledFunction, network: Network) -> NetworkFunction:
        """Return a compiled function with its network."""
        function = cls.__new__(cls)
        function.__dict__.update(compiled.__dict__)
        function.network = network
        function.guards = tuple(
            dict.fromkeys((*network.written.guards, *compiled.guards))
        )  # what layers say comes first
        function._binder = Binder(function.signature, function.guards, function._printed.target)
        return function

    @property
    def _own_arguments(self) -> tuple[ArgumentSpec, ...]:
        return tuple(spec for spec in self.arguments if not spec.role)

    @cached_property
    def _limits(self) -> Limits:
        return Limits(self._own_arguments, self.network.written)

    @property
    def value(self) -> NetworkFunction:
        """The function that computes the value alone."""
        return self.of(super().value, self.network)

    def _computed(
        self, args: tuple[object, ...], kwargs: dict[str, object], memory: Mapping[str, object] | None = None
    ) -> Any:
        packer = self._packer
        assert packer is not None
        given, leaves = packer.leaves(args, kwargs)
        bound = self._binder.bind(tuple(leaves), {})
        own = len(self._own_arguments)  # behind which tangents and cotangents come
        self._limits.check(bound[:own])
        return packer.call(self._function, packer.packed(given, bound), memory or {})

    def check_limits(self, leaves: Sequence[Any]) -> None:
        """Raise an error if arguments are out of the limits of the layers: sizes, labels and the like."""
        self._limits.check(leaves)

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
        >>> layers = [sb.Input(8), sb.Dense(8, "sigmoid"), sb.Dense(2), sb.SoftmaxCrossEntropy()]
        >>> net = sb.Sequential(layers)
        >>> g = sb.compile_value_and_grad(net)
        >>> x = np.random.default_rng(0).normal(size=(20, 8))
        >>> report = g.diagnose(net.init(seed=0), x=x, y=np.eye(2)[[0, 1] * 10])
        >>> [row.layer for row in report.rows]
        ['dense 1', 'dense 2']
        """
        packing = self.recipe.packing
        assert packing is not None
        _, leaves = Packer(packing).leaves(args, kwargs)
        arguments = self.formula_graph.arguments  # without tangents and cotangents
        bound = Binder(arguments, self.guards, "numpy").bind(tuple(leaves), {})
        self._limits.check(bound)
        names = [spec.name for spec in arguments]
        return diagnosed(self.network, self.recipe, dict(zip(names, bound, strict=True)))

    def __reduce__(self) -> tuple[object, ...]:
        remade, arguments = super().__reduce__()
        return _remade, (remade, arguments, self.network)


def _remade(remade: Any, arguments: tuple[Any, ...], network: Network) -> NetworkFunction:
    return NetworkFunction.of(remade(*arguments), network)
