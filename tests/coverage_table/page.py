"""The names of the page, by section, and what is refused by name."""

from __future__ import annotations

__all__ = ["ELSEWHERE", "PAGE", "REFUSED"]

PAGE = {
    "elementwise, one argument": """abs absolute fabs negative positive sign sqrt cbrt square reciprocal exp exp2 expm1
        log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh asin acos atan asinh
        acosh atanh sinc deg2rad rad2deg degrees radians floor ceil trunc rint round nan_to_num heaviside""",
    "elementwise, two arguments": """add subtract multiply divide true_divide power pow float_power mod remainder fmod
        floor_divide maximum minimum fmax fmin hypot arctan2 atan2 logaddexp logaddexp2 copysign""",
    "comparison and logic": """greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not
        logical_xor isnan isfinite isinf where select piecewise clip""",
    "special": """erf erfc erfinv erfcinv gamma gammaln loggamma digamma polygamma zeta beta betaln expit logit log_expit
        softplus xlogy xlog1py entr rel_entr kl_div logsumexp softmax log_softmax ndtr log_ndtr ndtri i0 i1 j0 j1 jn y0
        y1 lambertw gammainc gammaincc betainc hyp2f1""",
    "reductions": """sum prod mean var std max min amax amin ptp median any all argmax argmin count_nonzero nansum cumsum
        cumprod cummax diff trapezoid linalg.norm average cov corrcoef""",
    "contractions": """dot vdot inner outer matmul tensordot einsum kron cross trace linalg.multi_dot
        linalg.matrix_power vecdot matvec""",
    "layout": """reshape ravel flatten transpose permute_dims T mT swapaxes moveaxis rollaxis expand_dims squeeze
        broadcast_to broadcast_arrays atleast_1d atleast_2d atleast_3d concatenate concat stack vstack hstack dstack
        column_stack split array_split hsplit vsplit dsplit unstack tile repeat roll flip fliplr flipud rot90 pad tril
        triu diag diagonal diagflat fill_diagonal meshgrid sort argsort partition msort""",
    "indexing": "index take take_along_axis choose compress write add.at",
    "making arrays": """array asarray zeros ones full empty zeros_like ones_like full_like arange linspace logspace
        geomspace eye identity tri astype copy""",
    "signal and polynomials": "convolve correlate polyval interp searchsorted digitize gradient",
    "ours": "stop_gradient straight_through",
}

REFUSED = {  # a formula with the name, and what the error says
    "flat": ("x.flat", "ravel"),
    "imag": ("x.imag", "real numbers"),
    "out=": ("exp(x, out=x)", "out= is not supported"),
    "multiply.at": ("np.multiply.at(x, 0, 2.0)", "add.at"),
    "nonzero": ("nonzero(x)", "where"),
    "unique": ("unique(x)", "depends on the values"),
}

ELSEWHERE = {  # words that take functions or images, and where their tests are
    "scan": "loops",
    "while_loop": "while_loops",
    "cond": "branches",
    "switch": "branches",
    "custom_rule": "custom_rules",
    "root": "implicit",
    "fixed_point": "implicit",
    "minimizer": "implicit",
    "odeint": "odes",
    "grad": "nested",
    "hessian": "nested",
    "jacobian": "nested",
    "jvp": "nested",
    "value_and_grad": "nested",
    "vjp": "nested",
    "score_function": "stochastic",
    "scale_cotangent": "mixed_precision",
    "sliding_window_view": "windows",
    "conv1d": "windows",
    "conv2d": "windows",
    "conv_transpose1d": "windows",
    "conv_transpose2d": "windows",
    "max_pool1d": "windows",
    "max_pool2d": "windows",
    "avg_pool1d": "windows",
    "avg_pool2d": "windows",
}
