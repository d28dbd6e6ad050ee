"""Recurrent layers: truncated backpropagation by hand, steps behind an end, printed loops, and what is refused."""

import numpy as np
import pytest

import symbackprop as sb

KINDS = ("rnn", "lstm", "gru")
SPECS = [
    "input t 3\nrnn 4 activation=relu\nlstm 3 direction=bidirectional lengths=true\ngru 2 last bias=false\n",
    "network batch=none\ninput 5 3\nlstm 4 last reverse recurrent_weights=normal(0.1) forget_bias=0.0\n",
    "x = input 4 2\nh0 = input 3\ngru 3 from=x,h0 lengths=n\nrepeat 2\n    lstm 3 stateful=true\n",
]


def code(function: sb.CompiledFunction) -> str:
    return function.source.split('"""')[-1]


@pytest.mark.parametrize("text", SPECS)
def test_all_forms_are_the_same(text: str) -> None:
    net = sb.read_layers(text)
    assert net.to_text() == text
    assert net.init(seed=0).keys() == net.shapes.keys()
    for form in (net.to_dict(), net.to_json(), net.to_toml(), net.layers):
        again = sb.read_layers(form) if not isinstance(form, tuple) else sb.Sequential(form, batch=net.batch)
        assert again == net


# --- backpropagation through time by hand -----------------------------------------------------------------------------


def by_hand(params, x, y, h):  # type: ignore[no-untyped-def]
    """Return loss, gradient and last state of a tanh layer, of one example, that begins with the state `h`."""
    W, U, b = params["W1"], params["U1"], params["b1"]
    states = [h]
    for row in x:
        states.append(np.tanh(W @ row + b + U @ states[-1]))
    loss = 0.5 * np.sum((np.array(states[1:]) - y) ** 2)
    gradient = {name: np.zeros_like(array) for name, array in params.items()}
    h_bar = np.zeros_like(h)
    for t in reversed(range(len(x))):
        z_bar = (h_bar + states[t + 1] - y[t]) * (1 - states[t + 1] ** 2)
        gradient["W1"] += np.outer(z_bar, x[t])
        gradient["U1"] += np.outer(z_bar, states[t])
        gradient["b1"] += z_bar
        h_bar = U.T @ z_bar
    return loss, gradient, states[-1]


def test_backpropagation_through_time_full_and_truncated() -> None:
    whole = sb.compile_value_and_grad("network batch=none\ninput t 2\nrnn 3\nloss squared_error")
    net = sb.read_layers("network batch=none\ninput t 2\nrnn 3 stateful=true\nloss squared_error")
    chunk = sb.compile_value_and_grad(net)
    rng = np.random.default_rng(0)
    params = net.init(seed=1)
    x, y = rng.normal(size=(7, 2)), rng.normal(size=(7, 3))

    loss, gradient = whole(params, x=x, y=y)
    expected_loss, expected, last = by_hand(params, x, y, np.zeros(3))
    assert loss == pytest.approx(expected_loss, rel=1e-13)
    for name, array in expected.items():
        np.testing.assert_allclose(gradient[name], array, rtol=1e-11, atol=1e-14)

    state, h, total = net.init_state(), np.zeros(3), 0.0
    summed = {name: np.zeros_like(array) for name, array in params.items()}
    for part in (slice(0, 3), slice(3, 5), slice(5, 7)):
        (loss, state), gradient = chunk(params, x=x[part], y=y[part], state=state)
        expected_loss, by_chunk, h = by_hand(params, x[part], y[part], h)
        assert loss == pytest.approx(expected_loss, rel=1e-13)
        np.testing.assert_allclose(state["h1"], h, rtol=1e-13)
        for name, array in by_chunk.items():
            np.testing.assert_allclose(gradient[name], array, rtol=1e-11, atol=1e-14)
            summed[name] += gradient[name]
        total += loss
    assert total == pytest.approx(whole(params, x=x, y=y)[0], rel=1e-13)
    np.testing.assert_allclose(state["h1"], last, rtol=1e-13)
    assert all(np.max(np.abs(summed[name] - expected[name])) > 1e-3 for name in params)  # truncated is not full


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_go_on_where_the_one_before_ended(kind: str) -> None:
    net = sb.read_layers(f"input t 2\nrepeat 2\n    {kind} 3 stateful=true")
    carried, x = sb.compile_value(net), np.random.default_rng(0).normal(size=(2, 6, 2))
    params, state, parts = net.init(seed=0), net.init_state(m=2), []
    for part in (x[:, :1], x[:, 1:4], x[:, 4:]):
        out, state = carried(params, x=part, state=state)
        parts.append(out)
    whole = sb.compile_value(f"input t 2\nrepeat 2\n    {kind} 3")(params, x=x)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-12)


# --- ends -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("kind", KINDS)
def test_examples_with_lengths_are_those_that_are_cut_off(kind: str, direction: str) -> None:
    spec = f"input t 2\n{kind} 3 last direction={direction} "
    net = sb.read_layers(spec)
    params, x = net.init(seed=0), np.random.default_rng(0).normal(size=(4, 5, 2))
    lengths, short = [5, 3, 1, 0], sb.compile_value(spec)
    found = sb.compile_value(spec + "lengths=true")(params, x=x, lengths=lengths)
    for row, example, length in zip(found, x, lengths, strict=True):
        np.testing.assert_allclose(row, short(params, x=example[None, :length])[0], rtol=1e-12, atol=1e-15)
    assert np.array_equal(found[3], np.zeros_like(found[3]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behind", [1e3, np.inf, np.nan])
def test_what_lies_behind_an_end_does_not_matter(kind: str, behind: float) -> None:
    spec = f"input t 2\n{kind} 3 direction=bidirectional lengths=true\n{kind} 2 last lengths=true\nloss squared_error"
    g = sb.compile_value_and_grad(spec, wrt=["params", "x"])
    rng = np.random.default_rng(0)
    params, x, y = sb.read_layers(spec).init(seed=0), rng.normal(size=(2, 4, 2)), rng.normal(size=(2, 2))
    loss, (gradient, x_bar) = g(params, x=x, y=y, lengths=[2, 3])
    x[0, 2:] = x[1, 3:] = behind
    other_loss, (other, _) = g(params, x=x, y=y, lengths=[2, 3])
    assert loss == other_loss
    assert all(np.array_equal(gradient[name], other[name]) for name in params)
    assert not x_bar[0, 2:].any() and not x_bar[1, 3:].any() and x_bar[0, :2].all()


@pytest.mark.parametrize("kind", KINDS)
def test_no_steps_and_no_examples(kind: str) -> None:
    last = sb.compile_value_and_grad(f"input t 2\n{kind} 3 last\nloss squared_error sum")
    params = sb.read_layers(f"input t 2\n{kind} 3").init(seed=0)
    loss, gradient = last(params, x=np.zeros((2, 0, 2)), y=np.ones((2, 3)))
    assert loss == 3.0 and not any(array.any() for array in gradient.values())
    loss, gradient = last(params, x=np.zeros((0, 4, 2)), y=np.ones((0, 3)))
    assert loss == 0.0 and not any(array.any() for array in gradient.values())


# --- printed code -----------------------------------------------------------------------------------------------------


def test_the_printed_code_of_an_lstm() -> None:
    text = code(sb.compile_value_and_grad("input t 16\nlstm 64 last\ndense 1\nloss squared_error"))
    assert len(text.split("\n")) <= 150
    assert text.count("for i in") == 2 and "einsum" not in text
    assert "np.tensordot(np.swapaxes(x, 0, 1), W1, axes=([2], [1]))" in text  # one product for all steps
    for line in (
        "z1[i] + h @ U1.T", "c = forget_gate * c + input_gate * candidate", "h = output_gate * tanh_c",
        "W1_bar = np.tensordot(z1_bar, x, axes=([0, 1], [1, 0]))", "h_bar = t",
    ):  # fmt: skip
        assert line in text, line


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_throughout(kind: str) -> None:
    net = sb.read_layers(f"input t 2\n{kind} 3 direction=bidirectional lengths=true\n{kind} 2 stateful=true last")
    params, state = net.init(seed=0, dtype="float32"), net.init_state(m=3, dtype="float32")
    x = np.ones((3, 4, 2), np.float32)
    net = net.with_layers([*net.layers, sb.SquaredError()])
    g = sb.compile_value_and_grad(net, dtype="float32")
    (loss, new), gradient = g(params, x=x, lengths=[1, 4, 2], y=np.zeros((3, 2), np.float32), state=state)
    assert loss.dtype == np.float32
    assert all(array.dtype == np.float32 for array in [*gradient.values(), *new.values()])


@pytest.mark.parametrize(
    "spec",
    [
        "input 2 1\nlstm 1 last\nloss squared_error",
        "input 2 1\ngru 1 direction=bidirectional\nloss squared_error",
        "network batch=none\ninput 2 1\nrnn 2 direction=reverse lengths=true\nloss squared_error",
        "input 2 1\nlstm 1 stateful=true lengths=true\nloss squared_error",
    ],
)
def test_verified(spec: str) -> None:
    assert sb.compile_value_and_grad(spec).verify()


def test_parameters_begin() -> None:
    params = sb.read_layers("input 4 50\nlstm 40\ngru 30 biases=0.5\nlstm 2 biases=normal").init(seed=0)
    assert params["W1"].shape == (160, 50) and params["U1"].shape == (160, 40)
    np.testing.assert_array_equal(params["b1"].reshape(4, 40), np.outer([0, 1, 0, 0], np.ones(40)))
    assert np.max(np.abs(params["W1"])) == pytest.approx(np.sqrt(6 / 90), rel=1e-2)  # the fans are those of one gate
    np.testing.assert_allclose(params["U1"].T @ params["U1"], np.eye(40), atol=1e-12)
    assert params["b2"].tolist() == [0.5] * 90 and params["bU2"].tolist() == [0.0] * 30
    assert len({*params["b3"]}) == 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input 3\nlstm 4", "needs time and features, 2 axes an example; shape (3,) arrived"),
        ("input 3 t\nlstm 4", "needs a last axis of known size"),
        ("network batch=columns\ninput 2 3\ngru 4", "not written for examples as columns"),
        ("input 2 3\nrnn 0", "at least one is needed"),
        ("input 2 3\nrnn 2 both", "expected one of sequence, last"),
        ("input 2 3\nrnn 2 activation=sigmoid", "expected one of tanh, relu"),
        ("input 2 3\nrnn 2 stateful=true direction=bidirectional", "in forward direction only, not bidirectional"),
        (
            "x = input 2 3\nh = input 2\nlstm 2 from=x,h",
            "takes a sequence, or a sequence and h0, c0; 2 values are given",
        ),
        ("x = input 2 3\nh = input 2\nrnn 2 from=x,h stateful=true", "is carried on from the call before"),
        ("x = input 2 3\nh = input 2\nrnn 2 from=x,h direction=bidirectional", "has shape (2,), not (4,)"),
        ("x = input 2 3\nlengths = input 2\nrnn 2 from=x lengths=true", "it needs 'lengths' as int64 of shape (m,)"),
        ("input 2 3\nrnn 2 lengths=x", "it needs 'x' as int64"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(sb.SymbackpropError) as caught:
        sb.read_layers(text)
    assert message in str(caught.value)
