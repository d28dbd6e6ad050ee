"""Attention, positions and transformer blocks: by hand, without keys, in printed code, and what is refused."""

import numpy as np
import pytest

import symbackprop as sb

LOSS = "\nloss squared_error"
SPECS = [
    "input t 4\npositions\nrepeat 2\n    transformer_encoder 2 8 gelu norm_first=true dropout=0.1 lengths=true\n",
    "x = input t 4\nkv = input s 3\nmulti_head_attention 3 2 5 from=x,kv causal=true mask=keys dropout=0.5\n",
    "x = input t 4\nz = input s 4\nmemory = transformer_encoder 2 8 from=x mask=true\nhere = positions learned 9 from=z\n"
    "transformer_decoder 2 8 memory_mask=mask from=here,memory\n",
]


def code(function: sb.CompiledFunction) -> str:
    return function.source.split('"""')[-1]


@pytest.mark.parametrize("text", SPECS)
def test_all_forms_are_the_same(text: str) -> None:
    net = sb.read_layers(text)
    assert net.to_text() == text
    assert net.init(seed=0).keys() == net.shapes.keys()
    for form in (net.to_dict(), net.to_json(), net.to_toml()):
        assert sb.read_layers(form) == net
    assert sb.Sequential(net.layers) == net


def by_hand(p, x, allowed, heads):  # type: ignore[no-untyped-def]
    """Return the self-attention of one example, head by head and query by query; `allowed` says what attends to what."""
    q, k, v = (x @ p[f"W{letter}1"].T + p[f"b{letter}1"] for letter in "qkv")
    size = q.shape[1] // heads
    out = np.zeros_like(q)
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        for i in range(len(x)):
            keys = np.flatnonzero(allowed[i])
            if len(keys):
                weights = np.exp([q[i, own] @ k[j, own] / np.sqrt(size) for j in keys])
                out[i, own] = weights / weights.sum() @ v[keys][:, own]
    return out @ p["Wo1"].T + p["bo1"]


@pytest.mark.parametrize("batch", ["rows", "none"])
@pytest.mark.parametrize("causal", [False, True])
def test_queries_without_keys_take_nothing(causal: bool, batch: str) -> None:
    spec = f"network batch={batch}\ninput t 4\nmulti_head_attention 2 mask=true causal={str(causal).lower()}"
    value, g = sb.compile_value(spec), sb.compile_value_and_grad(spec + LOSS, wrt=("params", "x"))
    rng = np.random.default_rng(0)
    net = sb.read_layers(spec)
    params = {name: rng.normal(size=shape) for name, shape in net.shapes.items()}
    x, y = rng.normal(size=(3, 3, 4)), rng.normal(size=(3, 3, 4))
    mask = np.array([[True, True, False], [False, False, False], [False, True, True]])
    expected = []
    for example, here in zip(x, mask, strict=True):
        allowed = here & (np.tri(3, dtype=bool) if causal else np.ones((3, 3), bool))
        expected.append(by_hand(params, example, allowed, heads=2))
    if batch == "rows":
        np.testing.assert_allclose(value(params, x=x, mask=mask), expected, rtol=1e-12)
        _, (gradient, x_bar) = g(params, x=x, y=y, mask=mask)
    else:
        found = [value(params, x=example, mask=here) for example, here in zip(x, mask, strict=True)]
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        each = [g(params, x=a, y=b, mask=here)[1] for a, b, here in zip(x, y, mask, strict=True)]
        gradient = {name: np.mean([slopes[name] for slopes, _ in each], axis=0) for name in params}
        x_bar = np.array([own for _, own in each]) / 3
    assert not x_bar[1].any() and x_bar[2, 1:].any()
    assert all(np.isfinite(array).all() for array in gradient.values())
    np.testing.assert_allclose(gradient["bo1"], np.mean(np.sum(expected - y, axis=1), axis=0), rtol=1e-12)
    there = g(params, x=x[::2], y=y[::2], mask=mask[::2])[1][0] if batch == "rows" else None
    if there is not None:  # the example without keys changes nothing but the gradient of the last bias
        np.testing.assert_allclose(3 * gradient["Wv1"], 2 * there["Wv1"], rtol=1e-12)


def test_large_scores_do_not_overflow() -> None:
    spec = "input t 2\nmulti_head_attention 1 mask=true"
    params = {name: np.ones(shape) for name, shape in sb.read_layers(spec).shapes.items()}
    x = 1e3 * np.random.default_rng(0).normal(size=(2, 3, 2))
    loss, gradient = sb.compile_value_and_grad(spec + LOSS)(
        params, x=x, y=x, mask=[[True, False, True], [True, True, False]]
    )
    assert np.isfinite(loss) and all(np.isfinite(array).all() for array in gradient.values())


def test_causal_steps_do_not_look_ahead() -> None:
    net = sb.read_layers(
        "input t 4\npositions\ntransformer_encoder 2 6 causal=true\ntransformer_encoder 1 3 causal=true"
    )
    value, params = sb.compile_value(net), net.init(seed=0)
    x = np.random.default_rng(0).normal(size=(2, 5, 4))
    before = value(params, x=x)
    x[:, 3:] += 1.0
    after = value(params, x=x)
    assert np.array_equal(before[:, :3], after[:, :3]) and not np.isclose(before[:, 3:], after[:, 3:]).any()


def test_lengths_are_masks_and_padding_does_not_matter() -> None:
    net = sb.read_layers("input t 4\ntransformer_encoder 2 6 lengths=true")
    masked = sb.compile_value("input t 4\ntransformer_encoder 2 6 mask=true")
    value, params = sb.compile_value(net), net.init(seed=0)
    x = np.random.default_rng(0).normal(size=(2, 5, 4))
    before = value(params, x=x, lengths=[5, 2])
    assert np.array_equal(before, masked(params, x=x, mask=np.arange(5) < np.array([[5], [2]])))
    x[1, 2:] = 1e3
    np.testing.assert_array_equal(value(params, x=x, lengths=[5, 2])[1, :2], before[1, :2])


@pytest.mark.parametrize("behind", [np.inf, np.nan])
@pytest.mark.parametrize("values", ["memory", "memory,other"])
@pytest.mark.parametrize("batch", ["rows", "none"])
def test_keys_and_values_that_are_padding_may_be_anything(behind: float, values: str, batch: str) -> None:
    g = sb.compile_value_and_grad(
        f"network batch={batch}\nx = input t 2\nmemory = input s 2\nother = input s 3\n"
        f"multi_head_attention 1 mask=true from=x,{values}\nloss squared_error",
        wrt=["params", "x", "memory", "other"],
    )
    rng = np.random.default_rng(0)
    shapes = {"x": (3, 2), "memory": (4, 2), "other": (4, 3), "y": (3, 2)}
    given = {name: rng.normal(size=shape if batch == "none" else (2, *shape)) for name, shape in shapes.items()}
    mask = np.array([[True, False, True, False], [False, False, False, False]])
    given["mask"] = mask[0] if batch == "none" else mask
    loss, (grads, *slopes) = g(params := g.network.init(seed=0), **given)
    for name in ("memory", "other"):
        given[name][~given["mask"]] = behind
    found, (others, *other_slopes) = g(params, **given)
    assert found == loss and all(np.array_equal(grads[name], others[name]) for name in grads)
    assert all(map(np.array_equal, slopes, other_slopes)) and not np.any(slopes[1][~given["mask"]])


@pytest.mark.parametrize("spec", ["multi_head_attention 2 causal=true mask=true", "transformer_encoder 2 3"])
def test_no_examples_and_no_steps(spec: str) -> None:
    g = sb.compile_value_and_grad(f"input t 4\n{spec}\nloss squared_error sum")
    params = sb.read_layers(f"input t 4\n{spec}").init(seed=0)
    given = {"mask": np.ones((0, 3), bool)} if "mask" in spec else {}
    loss, gradient = g(params, x=np.zeros((0, 3, 4)), y=np.zeros((0, 3, 4)), **given)
    assert loss == 0.0 and not any(array.any() for array in gradient.values())
    with pytest.raises(sb.ArgumentError, match="softmax of no entries does not exist"):
        g(params, x=np.zeros((2, 0, 4)), y=np.zeros((2, 0, 4)), **{name: np.ones((2, 0), bool) for name in given})


def test_the_printed_code_of_attention() -> None:
    text = code(sb.compile_value_and_grad("input t 8\nmulti_head_attention 2 causal=true lengths=true" + LOSS))
    assert text.count("einsum") == 1 and "np.einsum('ijk,ijk->i', t" in text  # the loss of each example
    for line in (
        "np.swapaxes(q1, 1, 2) @ np.transpose(k1, (0, 2, 3, 1))", "causal1 = t1[:, None] >= t1",
        "there1 = t1 < lengths[:, None]", "@ np.swapaxes(v1, 1, 2)", "p1 = t",
    ):  # fmt: skip
        assert line in text, line
    text = code(sb.compile_value_and_grad("input t 8\ntransformer_encoder 2 8 gelu norm_first=true" + LOSS))
    assert "delta4" in text and "delta5" in text


def test_masks_of_dropout_are_inputs_in_training_alone() -> None:
    net = sb.read_layers("input 3 4\ntransformer_encoder 2 6 dropout=0.5" + LOSS)
    shapes = {name: mask.shape for name, mask in net.masks(seed=0, m=5).items()}
    assert shapes == {"mask1": (5, 2, 3, 3), "mask1_2": (5, 3, 4), "mask3": (5, 3, 6), "mask4": (5, 3, 4)}
    plain, params = net.inference(), net.init(seed=0)
    x = np.ones((5, 3, 4))
    without = sb.compile_value("input 3 4\ntransformer_encoder 2 6")
    assert np.array_equal(sb.compile_value(plain)(params, x=x), without(params, x=x))


@pytest.mark.parametrize("features", [4, 5])
def test_sinusoidal_positions(features: int) -> None:
    found = sb.compile_value(f"network batch=none\ninput t {features}\npositions")({}, x=np.zeros((7, features)))
    for t in range(7):
        for i in range(features):
            wave = np.cos if i % 2 else np.sin
            assert found[t, i] == pytest.approx(wave(t / 10000 ** (2 * (i // 2) / features)), abs=1e-14)


def test_more_steps_than_positions() -> None:
    net = sb.read_layers("input t 2\npositions learned 3")
    value, params = sb.compile_value(net), net.init(seed=0)
    assert value(params, x=np.zeros((1, 2, 2))).tolist() == [params["P1"][:2].tolist()]
    with pytest.raises(sb.SymbackpropError):
        value(params, x=np.zeros((1, 4, 2)))


def test_single_precision_throughout() -> None:
    net = sb.read_layers(
        "input t 3\npositions\nmulti_head_attention 1 mask=true\ntransformer_encoder 1 3 lengths=true" + LOSS
    )
    g, x = sb.compile_value_and_grad(net, dtype="float32"), np.ones((2, 4, 3), np.float32)
    params = net.init(seed=0, dtype="float32")
    loss, gradient = g(params, x=x, y=x, mask=np.ones((2, 4), bool), lengths=[1, 4])
    assert loss.dtype == np.float32 and all(array.dtype == np.float32 for array in gradient.values())


@pytest.mark.parametrize(
    "spec",
    [
        "network batch=none\ninput 2 2\nmulti_head_attention 2 causal=true lengths=true",
        "x = input 2 2\nkv = input 3 1\nmulti_head_attention 1 2 1 from=x,kv mask=true",
        "input t 3\npositions learned 4",
        "network batch=none\ninput 2 2\ntransformer_encoder 1 2",
        "network batch=none\nx = input 1 2\nz = input 2 2\ntransformer_decoder 1 1 tanh norm_first=true from=x,z",
    ],
)
def test_verified(spec: str) -> None:
    assert sb.compile_value_and_grad(spec + LOSS).verify()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input 4\nmulti_head_attention 2", "needs time and features, 2 axes an example; shape (4,) arrived"),
        ("input t 4\nmulti_head_attention 3", "4 features cannot be divided among 3 heads; give key_size"),
        ("input t 4\nmulti_head_attention 3 2", "give value_size"),
        ("input t 4\nmulti_head_attention 0", "heads is 0; at least one is needed"),
        ("input t 4\nmulti_head_attention 1 mask=true lengths=true", "lengths say what a mask says; give one of them"),
        ("input t 4\nmulti_head_attention 1 dropout=1.0", "rate is 1.0"),
        ("q = input t 4\nk = input s 4\nv = input r 4\nmulti_head_attention 1 from=q,k,v", "have as many steps"),
        ("q = input t 4\nmulti_head_attention 1 from=q,q,q,q", "takes one sequence to three"),
        ("network batch=columns\ninput t 4\nmulti_head_attention 1", "not written for examples as columns"),
        ("x = input t 4\nz = input s 4\nmulti_head_attention 1 from=x,x mask=true\nmulti_head_attention 1 from=x,z mask=true",
         "it needs 'mask' as bool of shape (m, s), and there is an input 'mask', bool of shape (m, t)"),
        ("input t 4\npositions learned", "learned positions have a length"),
        ("input t 4\npositions length=3", "sinusoidal ones have none"),
        ("input 4 4\npositions learned 3", "there are 3 positions (length), and 4 steps arrive"),
        ("input t 4\npositions base=0.0", "base is 0.0"),
        ("input t 4\ntransformer_encoder 2 0", "units is 0"),
        ("input t 4\ntransformer_encoder 2 3 reul", "Did you mean relu?"),
        ("input t 4\ntransformer_decoder 2 3", "takes 2 values, and 1 are given"),
        ("x = input t 4\nz = input 4\ntransformer_decoder 2 3 from=x,z", "needs time and features"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(sb.SymbackpropError) as caught:
        sb.read_layers(text)
    assert message in str(caught.value)
