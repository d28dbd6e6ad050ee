"""The functions that are timed side by side with other programs, a file each."""

from benchmarks.workloads.logistic_regression import LOGISTIC_REGRESSION
from benchmarks.workloads.workload import GRADIENT, HESSIAN, ROWS, Workload

__all__ = ["GRADIENT", "HESSIAN", "ROWS", "WORKLOADS", "Workload"]

WORKLOADS: dict[str, Workload] = {
    "logistic-regression": LOGISTIC_REGRESSION,
}
