"""The kinds of layers there are, by the words that specs call them by."""

from __future__ import annotations

from symbackprop.errors import UnknownNameError, nearest_names
from symbackprop.read.layers.activations import ACTIVATIONS, Activation
from symbackprop.read.layers.attention import MultiHeadAttention
from symbackprop.read.layers.blocks import Repeat, Residual
from symbackprop.read.layers.classification import (
    NLL,
    BinaryCrossEntropy,
    BinaryCrossEntropyLogits,
    KLDivergence,
    SoftmaxCrossEntropy,
)
from symbackprop.read.layers.convolution import Conv1D, Conv2D, ConvTranspose1D, ConvTranspose2D
from symbackprop.read.layers.custom import FunctionLayer
from symbackprop.read.layers.dense import Dense
from symbackprop.read.layers.dropout import Dropout
from symbackprop.read.layers.embedding import Embedding
from symbackprop.read.layers.input import Input
from symbackprop.read.layers.joining import Add, Bilinear, Concatenate, GatedSum
from symbackprop.read.layers.layer import Layer
from symbackprop.read.layers.losses import Loss, TotalLoss
from symbackprop.read.layers.margins import Hinge, MulticlassHinge
from symbackprop.read.layers.norms import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from symbackprop.read.layers.piecewise import Maxout, PReLU
from symbackprop.read.layers.pooling import AvgPool1D, AvgPool2D, GlobalAvgPool, GlobalMaxPool, MaxPool1D, MaxPool2D
from symbackprop.read.layers.positions import Positions
from symbackprop.read.layers.recurrent import GRU, LSTM, RNN
from symbackprop.read.layers.regression import (
    AbsoluteError,
    GaussianNLL,
    Huber,
    LogCosh,
    MeanSquaredError,
    PoissonNLL,
    Quantile,
    SquaredError,
)
from symbackprop.read.layers.sequences import CTC
from symbackprop.read.layers.shaping import Flatten, Reshape
from symbackprop.read.layers.similarity import CosineEmbedding, Triplet
from symbackprop.read.layers.transformer import TransformerDecoder, TransformerEncoder

__all__ = ["KINDS", "is_loss", "kind_of", "layer_kinds"]

_LAYERS: tuple[type[Layer], ...] = (
    Input, Dense, Bilinear, Embedding,
    Conv1D, Conv2D, ConvTranspose1D, ConvTranspose2D,
    MaxPool1D, MaxPool2D, AvgPool1D, AvgPool2D, GlobalMaxPool, GlobalAvgPool,
    Activation, PReLU, Maxout,
    BatchNorm, LayerNorm, RMSNorm, GroupNorm, Dropout,
    Residual, Repeat, Add, GatedSum, Concatenate,
    RNN, LSTM, GRU,
    MultiHeadAttention, Positions, TransformerEncoder, TransformerDecoder,
    Flatten, Reshape, FunctionLayer,
)  # fmt: skip
_LOSSES: tuple[type[Loss], ...] = (
    SoftmaxCrossEntropy, BinaryCrossEntropy, BinaryCrossEntropyLogits, NLL, Hinge, MulticlassHinge, KLDivergence,
    SquaredError, MeanSquaredError, AbsoluteError, Huber, LogCosh, Quantile, PoissonNLL, GaussianNLL,
    CosineEmbedding, Triplet, CTC,
    TotalLoss,
)  # fmt: skip

KINDS: dict[str, type[Layer]] = {kind.kind: kind for kind in (*_LAYERS, *_LOSSES)}


def kind_of(word: str) -> type[Layer]:
    """Return the class of the layers that a spec calls `word`.

    Raises
    ------
    UnknownNameError
    """
    if word in KINDS:
        return KINDS[word]
    known = [*KINDS, *ACTIVATIONS]
    raise UnknownNameError(f"there is no layer {word!r}; there are {', '.join(known)}.{nearest_names(word, known)}")


def layer_kinds() -> dict[str, type[Layer]]:
    """Return the classes of layers and losses by the words for them."""
    return dict(KINDS)


def is_loss(kind: type[Layer]) -> bool:
    """Tell whether layers of a kind are losses."""
    return issubclass(kind, Loss)
