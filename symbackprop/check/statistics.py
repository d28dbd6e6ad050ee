"""Means, variances and covariances of arrays of elements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

__all__ = ["Statistics", "objects"]


def objects(x: Any) -> Any:
    """Return an array of objects."""
    return np.asarray(x, dtype=object)


class Statistics(ABC):
    """What NumPy computes of the entries together, by the words that a vocabulary has for these."""

    _words: dict[str, Any]

    @abstractmethod
    def filled(self, shape: Any, value: Any, dtype: Any = None) -> Any:
        """Return an array of one element, again and again."""

    def _average(
        self, a: Any, axis: Any = None, weights: Any = None, returned: bool = False, keepdims: bool = False
    ) -> Any:
        """Return the weighted mean; weights of other shape have the axes that `axis` names, in its order."""
        a = np.asarray(a)
        w = self.filled(a.shape, 1) if weights is None else objects(weights)
        if w.shape != a.shape:
            axes = [i % a.ndim for i in (axis if isinstance(axis, tuple) else (axis,))]
            w = np.transpose(w, np.argsort(axes))
            w = np.broadcast_to(w.reshape([size if i in axes else 1 for i, size in enumerate(a.shape)]), a.shape)
        total = np.sum(w, axis=axis, keepdims=keepdims)
        result = np.sum(a * w, axis=axis, keepdims=keepdims) / total
        return (result, total) if returned else result

    def _mean(self, a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False, where: Any = None) -> Any:
        kept = np.broadcast_to(True if where is None else where, np.shape(a))
        total = np.sum(np.where(kept, a, 0), axis=axis, keepdims=keepdims)
        return total / objects(np.sum(kept, axis=axis, keepdims=keepdims))

    def _var(
        self,
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        *,
        ddof: int = 0,
        correction: int | None = None,
        keepdims: bool = False,
        where: Any = None,
        mean: Any = None,
    ) -> Any:
        kept = np.broadcast_to(True if where is None else where, np.shape(a))
        centre = self._mean(a, axis, keepdims=True, where=where) if mean is None else mean
        total = np.sum(np.where(kept, (a - centre) ** 2, 0), axis=axis, keepdims=keepdims)
        count = np.sum(kept, axis=axis, keepdims=keepdims) - (ddof if correction is None else correction)
        return total / objects(count)

    def _corrcoef(self, x: Any, y: Any = None, rowvar: bool = True, dtype: Any = None) -> Any:
        covariance = self._cov(x, y, rowvar)
        if not np.ndim(covariance):
            return covariance / covariance
        spread = self._words["sqrt"](np.diagonal(covariance))
        return covariance / np.outer(spread, spread)

    def _cov(
        self,
        m: Any,
        y: Any = None,
        rowvar: bool = True,
        bias: bool = False,
        ddof: int | None = None,
        fweights: Any = None,
        aweights: Any = None,
        dtype: Any = None,
    ) -> Any:
        parts = [np.atleast_2d(x) if rowvar or np.ndim(x) == 1 else np.transpose(x) for x in (m, y) if x is not None]
        rows = np.vstack(parts)
        ones = self.filled(rows.shape[1], 1)
        own = ones if aweights is None else objects(aweights)
        weights = own * (ones if fweights is None else objects(fweights))
        total = np.sum(weights)
        lost = (0 if bias else 1) if ddof is None else ddof
        centred = rows - (rows @ weights / total)[:, None]
        share = np.sum(weights * own) / total if aweights is not None else 1
        return np.squeeze((centred * weights) @ centred.T / (total - lost * share))[()]
