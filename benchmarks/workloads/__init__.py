"""The functions that are timed side by side with other programs, a file each."""

from benchmarks.workloads.attention import ATTENTION
from benchmarks.workloads.black_scholes import BLACK_SCHOLES_ARRAY, BLACK_SCHOLES_SCALAR
from benchmarks.workloads.bundle_adjustment import BUNDLE_ADJUSTMENT
from benchmarks.workloads.density_functional import PBE_GRID, PBE_SCALAR
from benchmarks.workloads.elementwise_chain import ELEMENTWISE_CHAIN
from benchmarks.workloads.gaussian_mixture import GAUSSIAN_MIXTURE
from benchmarks.workloads.gaussian_process import GAUSSIAN_PROCESS
from benchmarks.workloads.hidden_markov import HIDDEN_MARKOV
from benchmarks.workloads.k_means import K_MEANS
from benchmarks.workloads.log_sum_exp import LOG_SUM_EXP
from benchmarks.workloads.logistic_hessian import LOGISTIC_HESSIAN
from benchmarks.workloads.logistic_regression import LOGISTIC_REGRESSION
from benchmarks.workloads.lstm_scan import LSTM_SCAN
from benchmarks.workloads.lstm_unrolled import LSTM_UNROLLED
from benchmarks.workloads.matrix_factorisation import MATRIX_FACTORISATION
from benchmarks.workloads.multilayer_perceptron import MULTILAYER_PERCEPTRON
from benchmarks.workloads.polynomial import POLYNOMIAL
from benchmarks.workloads.rosenbrock import ROSENBROCK, ROSENBROCK_SCALAR
from benchmarks.workloads.workload import GRADIENT, HESSIAN, ROWS, SIZES, Workload

__all__ = ["GRADIENT", "HESSIAN", "ROWS", "SIZES", "WORKLOADS", "Workload"]

WORKLOADS: dict[str, Workload] = {
    "black-scholes-scalar": BLACK_SCHOLES_SCALAR,
    "black-scholes-array": BLACK_SCHOLES_ARRAY,
    "rosenbrock-scalar": ROSENBROCK_SCALAR,
    "rosenbrock": ROSENBROCK,
    "pbe-scalar": PBE_SCALAR,
    "pbe-grid": PBE_GRID,
    "elementwise-chain": ELEMENTWISE_CHAIN,
    "log-sum-exp": LOG_SUM_EXP,
    "polynomial-least-squares": POLYNOMIAL,
    "logistic-regression": LOGISTIC_REGRESSION,
    "logistic-hessian": LOGISTIC_HESSIAN,
    "k-means": K_MEANS,
    "bundle-adjustment": BUNDLE_ADJUSTMENT,
    "multilayer-perceptron": MULTILAYER_PERCEPTRON,
    "gaussian-mixture": GAUSSIAN_MIXTURE,
    "gaussian-process": GAUSSIAN_PROCESS,
    "attention": ATTENTION,
    "matrix-factorisation": MATRIX_FACTORISATION,
    "lstm-scan": LSTM_SCAN,
    "lstm-unrolled": LSTM_UNROLLED,
    "hidden-markov-model": HIDDEN_MARKOV,
}
