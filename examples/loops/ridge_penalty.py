"""The penalty of a ridge regression, found by the gradient of the validation error through the fit, on the diabetes data.

The coefficients are ``argmin_w |X w - y|^2 + exp(s) |w|^2``; what is differentiated is their error on other patients.
They have a closed form, with which value and gradient are compared; and scikit-learn's Ridge has the coefficients.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

import symbackprop as sb


def validation_error(s, X, y, X_held, y_held):
    def objective(w):
        return np.sum((X @ w - y) ** 2) + np.exp(s) * np.sum(w**2)

    w = sb.argmin(objective, np.zeros(X.shape[1]), method="newton")
    return np.mean((X_held @ w - y_held) ** 2)


def closed_form(s, X, y, X_held, y_held):
    """Return the error and its derivative by hand: dw/ds = -exp(s) (X'X + exp(s) I)^-1 w."""
    hessian = X.T @ X + np.exp(s) * np.eye(X.shape[1])
    w = np.linalg.solve(hessian, X.T @ y)
    residual = X_held @ w - y_held
    return np.mean(residual**2), 2 * np.mean(residual * (X_held @ (-np.exp(s) * np.linalg.solve(hessian, w))))


def main() -> dict[str, float]:
    X, y = load_diabetes(return_X_y=True)
    X = X / X.std(axis=0)
    y = (y - y.mean()) / y.std()
    rows = np.random.default_rng(0).permutation(len(X))
    fitted, held = rows[:60], rows[60:]
    data = {"X": X[fitted], "y": y[fitted], "X_held": X[held], "y_held": y[held]}
    shapes = {"s": "", "X": "n d", "y": "n", "X_held": "m d", "y_held": "m"}
    error = sb.compile_value_and_grad(validation_error, inputs=shapes, wrt="s")
    print(error.source)
    value, slope = error(1.0, **data)
    expected, expected_slope = closed_form(1.0, **data)

    best = minimize_scalar(lambda s: error.value(s, **data), bounds=(-2, 8), method="bounded", options={"xatol": 1e-9})
    model = Ridge(alpha=np.exp(best.x), fit_intercept=False).fit(data["X"], data["y"])
    ridge = np.mean((model.predict(data["X_held"]) - data["y_held"]) ** 2)
    steepest = abs(float(error(best.x, **data)[1]))
    print(f"best penalty {np.exp(best.x):.3f}: error {best.fun:.6f}, by scikit-learn {ridge:.6f}; slope {steepest:.1e}")
    return {
        "value_error": abs(float(value - expected)),
        "slope_error": abs(float(slope - expected_slope)),
        "ridge_error": abs(float(best.fun - ridge)),
        "steepest": steepest,
        "solves": error.source.split("# backward")[1].count("np.linalg.solve("),
    }


if __name__ == "__main__":
    main()
