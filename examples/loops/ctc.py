"""Connectionist temporal classification: the probability that a sequence of frames reads as a text, over all alignments.

Source: A. Graves, S. Fernandez, F. Gomez and J. Schmidhuber, Connectionist temporal classification, Proc. ICML 2006,
equations 6 to 8, in logarithms.
"""

from itertools import groupby, product

import numpy as np
from scipy.special import logsumexp

import symbackprop as sb
from examples.functions.fitting import slope_error

NEVER = -1e30  # the logarithm of a probability that is zero; finite, so that differences of two are


def loss(params, text, fresh):
    """Return the negative log-probability of a text with blanks (0) around and between its letters.

    An alignment stays, goes on by one, or by two to a letter that is not the one before: those are `fresh`.
    """
    logits = params["logits"]
    log_probabilities = logits - logsumexp(logits, axis=1, keepdims=True)
    emissions = log_probabilities[:, text]

    def shifted(alpha, by):
        return np.concatenate([np.full(by, NEVER), alpha[:-by]])

    def step(alpha, emission):
        over = np.where(fresh, shifted(alpha, 2), NEVER)
        paths = np.stack([alpha, shifted(alpha, 1), over])
        return logsumexp(paths, axis=0) + emission, None

    begun = np.arange(text.shape[0]) < 2
    alpha, _ = sb.scan(step, np.where(begun, emissions[0], NEVER), emissions[1:])
    return -np.logaddexp(alpha[-1], alpha[-2])


def inputs(letters):
    """Return the shapes of the arguments for a text of so many letters."""
    width = 2 * letters + 1
    return {"params": {"logits": "n k"}, "text": f"{width} : int", "fresh": f"{width} : bool"}


def extended(letters):
    """Return a text with blanks, and which of its letters may follow two places on."""
    text = np.zeros(2 * len(letters) + 1, int)
    text[1::2] = letters
    before = np.concatenate([[-1, -1], text[:-2]])
    return text, (text != 0) & (text != before)


def by_enumeration(logits, letters):
    """Return value and gradient from all alignments, one by one; the gradient is what is expected less what is read."""
    frames, symbols = logits.shape
    log_probabilities = logits - logsumexp(logits, axis=1, keepdims=True)
    total, seen = 0.0, np.zeros_like(logits)
    for path in product(range(symbols), repeat=frames):
        if [symbol for symbol, _ in groupby(path) if symbol] == list(letters):
            probability = np.exp(log_probabilities[range(frames), path].sum())
            total += probability
            seen[range(frames), path] += probability
    return -np.log(total), np.exp(log_probabilities) - seen / total


def main():
    letters = [1, 2, 2]
    compiled = sb.compile_value_and_grad(loss, inputs=inputs(len(letters)), wrt="params")
    print(compiled.source)

    logits = np.random.default_rng(0).normal(size=(7, 4))
    text, fresh = extended(letters)
    value, gradient = compiled({"logits": logits}, text, fresh)
    expected, by_paths = by_enumeration(logits, letters)
    figures = {
        "difference": max(abs(value - expected), np.max(np.abs(gradient["logits"] - by_paths))),
        "slope_error": slope_error(compiled, {"logits": logits}, text, fresh),
    }
    print("\n".join(f"{name}: {figure:.3g}" for name, figure in figures.items()))
    return figures


if __name__ == "__main__":
    main()
