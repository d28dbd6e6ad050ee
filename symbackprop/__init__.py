"""A compiler from a formula to the plain, readable, verified code of its gradient."""

from symbackprop import errors
from symbackprop.api import compile_grad, compile_value, compile_value_and_grad
from symbackprop.check.rule_check import RuleCheck, check_rule
from symbackprop.compiled import CompiledFunction
from symbackprop.drop_in import lambdify
from symbackprop.errors import (
    ArgumentError,
    BudgetError,
    FormulaSyntaxError,
    MissingAttributeError,
    RuleError,
    ShapeError,
    SymbackpropError,
    UnknownNameError,
    UnsupportedError,
)
from symbackprop.family import (
    compile_derivative,
    compile_divergence,
    compile_fvp,
    compile_gnvp,
    compile_hessian,
    compile_hvp,
    compile_jacobian,
    compile_jvp,
    compile_laplacian,
    compile_taylor,
    compile_vjp,
    grad,
    hessian,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from symbackprop.optimize.entry import compile_scipy
from symbackprop.optimize.ivp import IvpProblem, compile_ivp
from symbackprop.optimize.problem import ScipyProblem
from symbackprop.read.from_numpy.branches import cond, switch
from symbackprop.read.from_numpy.implicit import argmin, fixed_point, root
from symbackprop.read.from_numpy.loops import scan, while_loop
from symbackprop.read.from_numpy.odes import odeint
from symbackprop.read.from_numpy.rules import CustomRule, custom_rule
from symbackprop.read.from_numpy.words import scale_cotangent, score_function, stop_gradient, straight_through
from symbackprop.read.layers.activations import Activation
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
from symbackprop.read.layers.losses import TotalLoss
from symbackprop.read.layers.margins import Hinge, MulticlassHinge
from symbackprop.read.layers.network import Network
from symbackprop.read.layers.network import Network as Sequential  # what the field calls it
from symbackprop.read.layers.norms import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from symbackprop.read.layers.piecewise import Maxout, PReLU
from symbackprop.read.layers.pooling import AvgPool1D, AvgPool2D, GlobalAvgPool, GlobalMaxPool, MaxPool1D, MaxPool2D
from symbackprop.read.layers.positions import Positions
from symbackprop.read.layers.reading import read_layers
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
from symbackprop.stages import CompileReport, compiling
from symbackprop.version import __version__

__all__ = [
    "CTC",
    "GRU",
    "LSTM",
    "NLL",
    "RNN",
    "AbsoluteError",
    "Activation",
    "Add",
    "ArgumentError",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNorm",
    "Bilinear",
    "BinaryCrossEntropy",
    "BinaryCrossEntropyLogits",
    "BudgetError",
    "CompileReport",
    "CompiledFunction",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "ConvTranspose1D",
    "ConvTranspose2D",
    "CosineEmbedding",
    "CustomRule",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "FormulaSyntaxError",
    "FunctionLayer",
    "GatedSum",
    "GaussianNLL",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "Hinge",
    "Huber",
    "Input",
    "IvpProblem",
    "KLDivergence",
    "LayerNorm",
    "LogCosh",
    "MaxPool1D",
    "MaxPool2D",
    "Maxout",
    "MeanSquaredError",
    "MissingAttributeError",
    "MultiHeadAttention",
    "MulticlassHinge",
    "Network",
    "PReLU",
    "PoissonNLL",
    "Positions",
    "Quantile",
    "RMSNorm",
    "Repeat",
    "Reshape",
    "Residual",
    "RuleCheck",
    "RuleError",
    "ScipyProblem",
    "Sequential",
    "ShapeError",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "SymbackpropError",
    "TotalLoss",
    "TransformerDecoder",
    "TransformerEncoder",
    "Triplet",
    "UnknownNameError",
    "UnsupportedError",
    "__version__",
    "argmin",
    "check_rule",
    "compile_derivative",
    "compile_divergence",
    "compile_fvp",
    "compile_gnvp",
    "compile_grad",
    "compile_hessian",
    "compile_hvp",
    "compile_ivp",
    "compile_jacobian",
    "compile_jvp",
    "compile_laplacian",
    "compile_scipy",
    "compile_taylor",
    "compile_value",
    "compile_value_and_grad",
    "compile_vjp",
    "compiling",
    "cond",
    "custom_rule",
    "errors",
    "fixed_point",
    "grad",
    "hessian",
    "jacobian",
    "jvp",
    "lambdify",
    "odeint",
    "read_layers",
    "root",
    "scale_cotangent",
    "scan",
    "score_function",
    "stop_gradient",
    "straight_through",
    "switch",
    "value_and_grad",
    "vjp",
    "while_loop",
]
