"""A network: its layers, the formula that they are, and how its parameters begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, SymbackpropError, nearest_names
from symbackprop.ir.size import Size, evaluate, names
from symbackprop.read.layers import documents
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.custom import FunctionLayer, functions_in
from symbackprop.read.layers.initialisers import initial
from symbackprop.read.layers.kinds import is_loss
from symbackprop.read.layers.layer import Layer, described
from symbackprop.read.layers.precision import PRECISIONS, Precision
from symbackprop.read.layers.spec_text import spec_text
from symbackprop.read.layers.statements import BATCHES

__all__ = ["Network"]

_DEEPEST = 32  # blocks in blocks, so that what goes through them may recurse


class Network:
    """A network of layers, one behind another unless they say what they take from.

    Parameters
    ----------
    layers : sequence of Layer or dict
        The first is an `Input`; a loss, if there is one, is the last.
    batch : {"rows", "columns", "none"}
        Whether examples are rows (``Z = A @ W.T + b``), columns (``Z = W @ A + b[:, None]``), or come one by one.
    precision : {"full", "float16", "bfloat16"}
        "full" is that of the compiled function. Otherwise it is mixed: parameters and the loss are float32, layers compute
        in short floats, and gradients come with a flag that tells whether all of them are finite. float16 takes an input
        ``loss_scale``, by which the loss is multiplied on the way back and gradients are divided.

    Raises
    ------
    SymbackpropError
        That names the layer, its line, the shape that arrived and the one that was needed.

    Examples
    --------
    >>> import symbackprop as sb
    >>> net = sb.Sequential([sb.Input(2), sb.Dense(3, "tanh"), sb.Dense(1), sb.SquaredError()])
    >>> {name: array.shape for name, array in net.init(seed=0).items()}
    {'W1': (3, 2), 'b1': (3,), 'W2': (1, 3), 'b2': (1,)}
    >>> float(sb.compile_value(net)(net.init(seed=0), x=[[0.0, 0.0]], y=[[2.0]]))
    2.0
    """

    def __init__(
        self, layers: Sequence[Layer | Mapping[str, Any]], *, batch: str = "rows", precision: str = "full"
    ) -> None:
        for what, value, known in (("batch", batch, BATCHES), ("precision", precision, PRECISIONS)):
            if not isinstance(value, str) or value not in known:
                hint = nearest_names(str(value), known)
                raise ArgumentError(f"{what} is {value!r}; choose one of {', '.join(known)}.{hint}")
        _, found = documents.read_document(layers)
        _check_depth(found)
        self.layers: tuple[Layer, ...] = tuple(found)
        self.batch = batch
        self.precision = precision
        self._text: str | None = None  # that it was read from
        self._training = True
        self._has_loss = True

    @classmethod
    def from_parts(cls, settings: Mapping[str, Any], layers: Sequence[Layer], text: str | None = None) -> Network:
        """Return the network of what a reader found in `text`."""
        network = cls(layers, **settings)
        network._text = text
        return network

    def with_layers(self, layers: Sequence[Layer]) -> Network:
        """Return a network of other layers that says the same of the whole."""
        other = self.from_parts(self._settings(), layers, self._text)
        other._training, other._has_loss = self._training, self._has_loss
        return other

    def inference(self, *, loss: bool = False) -> Network:
        """Return the network as it is used once it is trained.

        Masks of dropout are gone, and statistics are those that were gathered. The parameters are the same.

        Parameters
        ----------
        loss : bool
            Whether the loss is computed; without it the network's value is its output: what the loss would take. If
            losses take several values, it is a dict of these.
        """
        other = self.from_parts(self._settings(), self.layers, self._text)
        other._training, other._has_loss = False, loss
        return other

    # --- what it is ---------------------------------------------------------------------------------------------------

    @cached_property
    def written(self) -> Builder:
        """The formula, with all that it needs."""
        short = Precision(self.precision, self._has_loss and any(is_loss(type(layer)) for layer in self.layers))
        builder = Builder(writer=self._write, batch=self.batch, short=short, training=self._training)
        added = {name for layer in self.layers if layer.takes_losses for name in layer.inputs}
        for position, layer in enumerate(self.layers, 1):
            if is_loss(type(layer)) and position < len(self.layers) and layer.name not in added:
                raise self._placed(
                    ArgumentError("a loss is the last layer of a network, or has a name that 'loss total' takes"), layer
                )
            if self._has_loss or not is_loss(type(layer)):
                builder.stage(layer)
            elif not layer.takes_losses:
                builder.leave_out(layer)
        builder.finish()
        return builder

    def _write(self, builder: Builder, layer: Layer) -> None:
        """Let a layer write itself; an error says which layer it is about."""
        try:
            builder.write(layer)
        except SymbackpropError as error:
            raise self._placed(error, layer) from None

    def _placed(self, error: SymbackpropError, layer: Layer) -> SymbackpropError:
        """Return an error that names the layer it is about, and shows its line where there is text."""
        if not getattr(error, "_names_layer", False):
            number = next((i for i, own in enumerate(self.layers, 1) if own is layer), None)
            called = described(layer) + (f", number {number}" if number is not None and self._text is None else "")
            error.message = f"{called}: {error.message}"
            error.args = (error.message,)
            error._names_layer = True  # type: ignore[attr-defined]
        if self._text is not None and layer.place is not None:
            error.located(self._text, layer.place)
        return error

    @property
    def formula(self) -> str:
        """The network as formula text."""
        return "\n".join(self.written.statements)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the parameters by name."""
        return {name: parameter.shape for name, parameter in self.written.parameters.items()}

    def __repr__(self) -> str:
        return f"<Network of {len(self.layers)} layers with {sum(map(np.prod, self.shapes.values()))} parameters>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(spec_text({}, self.layers[:1]))

    def _key(self) -> tuple[Any, ...]:
        return self.layers, self.batch, self.precision, self._training, self._has_loss

    @property
    def functions(self) -> dict[str, FunctionLayer]:
        """The layers that are functions, for `read_layers` to find them by their names."""
        return functions_in(self.layers)

    # --- beginning ----------------------------------------------------------------------------------------------------

    def init(self, seed: Any = None, dtype: Any = "float64") -> dict[str, np.ndarray[Any, Any]]:
        """Return parameters to begin with.

        Parameters
        ----------
        seed : int, numpy.random.Generator or None
        dtype : {"float64", "float32"}

        Examples
        --------
        >>> import symbackprop as sb
        >>> net = sb.Sequential([sb.Input(2), sb.Dense(1, weights="orthogonal", biases=0.5)])
        >>> net.init(seed=0)["b1"].tolist()
        [0.5]
        """
        try:
            is_real = np.dtype(dtype).kind == "f"
        except TypeError:
            is_real = False
        if not is_real:
            raise ArgumentError(f"dtype is {dtype!r}; parameters are real: take 'float64' or 'float32'")
        rng = generator(seed)
        found = {}
        for name, shape, given, fan, layer, _ in self.written.parameters.values():
            try:
                found[name] = initial(given, rng, shape, fan).astype(dtype)
            except SymbackpropError as error:
                error.message = f"{layer}, parameter {name}: {error.message}"
                error.args = (error.message,)
                raise
        return found

    def init_state(self, dtype: Any = "float64", **sizes: int) -> dict[str, np.ndarray[Any, Any]]:
        """Return what is carried from call to call, as it begins: running statistics, states of recurrent layers.

        Parameters
        ----------
        dtype : {"float64", "float32"}
        **sizes : int
            Numbers for the named sizes in it: ``m=32`` for the count of examples.
        """
        return {
            name: np.full(_numbers(f"state {name}", shape, sizes, "init_state"), value, dtype)
            for name, shape, value in self.written.states.values()
        }

    def masks(self, seed: Any = None, **sizes: int) -> dict[str, np.ndarray[Any, Any]]:
        """Return masks for the dropout layers of one call, by the names of the inputs that they are.

        Parameters
        ----------
        seed : int, numpy.random.Generator or None
        **sizes : int
            Numbers for the named sizes in it: ``m=32`` for the count of examples.

        Examples
        --------
        >>> import symbackprop as sb
        >>> net = sb.Sequential([sb.Input(2), sb.Dense(3, "relu"), sb.Dropout(0.5), sb.Dense(1)])
        >>> masks = net.masks(seed=0, m=4)
        >>> {name: (mask.shape, mask.dtype.name) for name, mask in masks.items()}
        {'mask1': ((4, 3), 'bool')}
        >>> sb.compile_value(net)(net.init(seed=0), x=[[0.0, 0.0]] * 4, **masks).shape
        (4, 1)
        """
        rng = generator(seed)
        found = {}
        for name, kept in self.written.masks.items():
            shape = _numbers(f"mask {name}", self.written.inputs[name].shape or (), sizes, "masks")
            found[name] = rng.random(shape) < kept
        return found

    # --- other forms --------------------------------------------------------------------------------------------------

    def _settings(self) -> dict[str, Any]:
        given = {"batch": self.batch, "precision": self.precision}
        return {name: value for name, value in given.items() if value not in ("rows", "full")}

    def to_text(self) -> str:
        """Return the spec as text."""
        return spec_text(self._settings(), self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as a document of dicts, lists, numbers and words."""
        return documents.document(self._settings(), self.layers)

    def to_json(self) -> str:
        """Return the spec as JSON."""
        return documents.json_text(self._settings(), self.layers)

    def to_toml(self) -> str:
        """Return the spec as TOML."""
        return documents.toml_text(self._settings(), self.layers)


def _numbers(what: str, shape: Sequence[Size], sizes: Mapping[str, int], method: str) -> tuple[int, ...]:
    """Return a shape with numbers in place of its named sizes, which the caller of `method` gives."""
    missing = [name for size in shape for name in names(size) if name not in sizes]
    if missing:
        raise ArgumentError(f"{what} has an axis of size {missing[0]}; give it: {method}({missing[0]}=...)")
    return tuple(evaluate(size, sizes) for size in shape)


def generator(seed: Any) -> np.random.Generator:
    """Return the generator of a seed.

    Raises
    ------
    ArgumentError
        If it is none.
    """
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"seed is {seed!r}; give a whole number from 0, a generator or None ({error})") from None


def _check_depth(layers: Sequence[Layer]) -> None:
    """Raise an error if blocks are nested too deeply."""
    level = list(layers)
    for _ in range(_DEEPEST + 1):
        level = [inner for layer in level for inner in getattr(layer, "body", ())]
        if not level:
            return
    raise ArgumentError(f"blocks are nested deeper than {_DEEPEST}")
