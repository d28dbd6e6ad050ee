"""The functions that are timed side by side with other programs, a file each."""

from benchmarks.workloads.black_scholes import BLACK_SCHOLES_ARRAY, BLACK_SCHOLES_SCALAR
from benchmarks.workloads.density_functional import PBE_GRID, PBE_SCALAR
from benchmarks.workloads.elementwise_chain import ELEMENTWISE_CHAIN
from benchmarks.workloads.log_sum_exp import LOG_SUM_EXP
from benchmarks.workloads.logistic_regression import LOGISTIC_REGRESSION
from benchmarks.workloads.rosenbrock import ROSENBROCK, ROSENBROCK_SCALAR
from benchmarks.workloads.workload import GRADIENT, HESSIAN, ROWS, Workload

__all__ = ["GRADIENT", "HESSIAN", "ROWS", "WORKLOADS", "Workload"]

WORKLOADS: dict[str, Workload] = {
    "black-scholes-scalar": BLACK_SCHOLES_SCALAR,
    "black-scholes-array": BLACK_SCHOLES_ARRAY,
    "rosenbrock-scalar": ROSENBROCK_SCALAR,
    "rosenbrock": ROSENBROCK,
    "pbe-scalar": PBE_SCALAR,
    "pbe-grid": PBE_GRID,
    "elementwise-chain": ELEMENTWISE_CHAIN,
    "log-sum-exp": LOG_SUM_EXP,
    "logistic-regression": LOGISTIC_REGRESSION,
}
