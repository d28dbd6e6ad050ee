"""What a traced function may not do: each use has its own message, which names the line and what to do."""

from __future__ import annotations

import math
import queue
import random

import numpy as np
import pytest
from scipy import optimize, special

import symbackprop as sb

GENERATOR = np.random.default_rng(0)
KEPT: queue.SimpleQueue[object] = queue.SimpleQueue()


def branch(x):
    if x[0] > 0:
        return x.sum()
    return -x.sum()


def loop_while(x):
    while x.sum() > 1:
        x = x / 2
    return x.sum()


def conjunction(x):
    return x.sum() and x.prod()


def as_float(x):
    return float(x[0]) * 2


def as_int(x):
    return int(x[0]) * 2


def as_index(x):
    return x[0] * [1.0, 2.0][x[1]]


def membership(x):
    return 1.0 if 1.0 in x else x.sum()


def formatted(x):
    return float(f"{x[0]:.2f}")


def printed(x):
    print(x)
    return x.sum()


def written_input(x):
    x[0] = 1.0
    return x.sum()


def written_input_in_place(x):
    x += 1.0
    return x.sum()


def written_out(x):
    return np.sin(x, out=np.zeros(4)).sum()


def drawn(x):
    return (x * np.random.normal(size=4)).sum()


def drawn_from_generator(x):
    return (x * GENERATOR.normal(size=4)).sum()


def drawn_in_python(x):
    return random.random() * x.sum()


def transform(x):
    return np.fft.fft(x).sum()


def imaginary(x):
    return (x * 1j).sum()


def complex_dtype(x):
    return x.astype(complex).sum()


def looped(x):
    total = 0.0
    for entry in x:
        total = total + entry
    return total


def unknown_method(x):
    return x.summ()


def unknown_function(x):
    return np.summ(x)


def math_of_array(x):
    return math.sin(x)


def vectorized(x):
    return np.vectorize(lambda t: t**2)(x).sum()


def nothing(x):
    x.sum()


def words(x):
    return "hello"


def wrong_shapes(x):
    return x @ np.ones((3, 3)).sum(axis=0)


def special_unknown(x):
    return special.wofz(x).sum()


def sized(x):
    return x.sum() * [1.0, 2.0][x.shape[0]]


def put(x):
    y = x.copy()
    y.put(0, 1.0)
    return y.sum()


MESSAGES = [
    (branch, sb.UnsupportedError, r"`if`.*np\.where"),
    (loop_while, sb.UnsupportedError, r"`while`"),
    (conjunction, sb.UnsupportedError, r"combine conditions with & \| ~"),
    (as_float, sb.UnsupportedError, r"float\(\) of it; leave float\(\) out"),
    (as_int, sb.UnsupportedError, r"int\(\) of it; use \.astype\(int\)"),
    (as_index, sb.UnsupportedError, r"a Python index or a range\(\) of it"),
    (membership, sb.UnsupportedError, r"`in`; write np\.any\(x == value\)"),
    (formatted, sb.UnsupportedError, r"f-string"),
    (printed, sb.UnsupportedError, r"print\(\) of a traced array"),
    (written_input, sb.UnsupportedError, r"writes into its input 'x'.*x = x\.copy\(\)"),
    (written_input_in_place, sb.UnsupportedError, r"writes into its input 'x'"),
    (written_out, sb.UnsupportedError, r"out= is not supported"),
    (drawn, sb.UnsupportedError, r"np\.random\.normal draws random numbers.*pass them in as an input"),
    (drawn_from_generator, sb.UnsupportedError, r"GENERATOR\.normal draws random numbers"),
    (drawn_in_python, sb.UnsupportedError, r"random\.random draws random numbers"),
    (transform, sb.UnknownNameError, r"np\.fft\.fft is not supported"),
    (imaginary, sb.UnsupportedError, r"1j is complex; real numbers only"),
    (complex_dtype, sb.UnsupportedError, r"dtype <class 'complex'> is not supported"),
    (looped, sb.UnsupportedError, r"a Python loop over an array of n items"),
    (unknown_method, sb.MissingAttributeError, r"no 'summ' here\. Did you mean sum"),
    (unknown_function, sb.MissingAttributeError, r"np has no 'summ'\. Did you mean sum"),
    (math_of_array, sb.UnsupportedError, r"math\.sin takes numbers, and here is an array"),
    (vectorized, sb.UnsupportedError, r"NumPy asks for its entries"),
    (nothing, sb.UnsupportedError, r"nothing returns None"),
    (words, sb.UnsupportedError, r"words returns a str"),
    (wrong_shapes, sb.ShapeError, r"n"),
    (special_unknown, sb.UnknownNameError, r"special\.wofz is not supported"),
    (sized, sb.UnsupportedError, r"size n is not known when compiling"),
    (put, sb.UnsupportedError, r"write x\[index\] = value"),
]


@pytest.mark.parametrize(("function", "kind", "message"), MESSAGES, ids=[f.__name__ for f, _, _ in MESSAGES])
def test_each_use_has_its_message(function, kind, message):
    with pytest.raises(kind, match=message):
        sb.compile_grad(function, inputs={"x": "n"})


@pytest.mark.parametrize("function", [branch, as_float, written_out, drawn, looped, unknown_method])
def test_the_line_is_named_with_a_caret(function):
    with pytest.raises(sb.SymbackpropError) as caught:
        sb.compile_grad(function, inputs={"x": "n"})
    first = function.__code__.co_firstlineno
    text = str(caught.value)
    named = int(text.split("line ")[-1].split(":")[0])
    assert first < named <= first + 4
    assert text.rstrip().endswith("^")


def test_an_array_that_escapes_is_refused_where_it_is_used():
    def escaping(x):
        KEPT.put(x)
        return x.sum()

    sb.compile_grad(escaping, inputs={"x": "n"})
    kept = KEPT.get()
    with pytest.raises(sb.UnsupportedError, match="has escaped from escaping"):
        sb.compile_grad(lambda x: x.sum() + kept.sum(), inputs={"x": "n"})
    with pytest.raises(sb.UnsupportedError, match="has escaped from escaping"):
        kept + 1.0


def test_a_refusal_is_told_whatever_others_make_of_it():
    def minimised(x):
        return optimize.minimize(lambda t: (t - x[0]) ** 2, 0.0).x

    with pytest.raises(sb.UnsupportedError, match="NumPy asks for its entries"):
        sb.compile_grad(minimised, inputs={"x": "n"})


def test_integers_alone_have_no_gradient():
    with pytest.raises(sb.UnsupportedError, match="no real-valued input"):
        sb.compile_grad(lambda i: np.sum(i**2), inputs={"i": np.arange(3)})


def test_methods_are_compiled_of_objects():
    class Model:
        width = 2.0

        def of(self, x):
            return self.width * x

    with pytest.raises(sb.ArgumentError, match=r"compile the method of an object, compile_grad\(thing\.method"):
        sb.compile_grad(Model.of)
    assert sb.compile_grad(Model().of)(3.0) == (2.0,)


def test_nothing_global_changes():
    before = np.sin, np.zeros, math.exp, np.random.normal
    sb.compile_grad(lambda x: np.sum(np.sin(x) + np.zeros(3)), inputs={"x": "3"})
    with pytest.raises(sb.UnsupportedError):
        sb.compile_grad(branch, inputs={"x": "n"})
    assert before == (np.sin, np.zeros, math.exp, np.random.normal)
    assert np.zeros(2).tolist() == [0.0, 0.0]


def test_a_function_without_a_signature_is_refused():
    with pytest.raises(sb.UnsupportedError, match="does not say what it takes"):
        sb.compile_grad(max, inputs={"x": "n"})
