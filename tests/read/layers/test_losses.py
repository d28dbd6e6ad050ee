"""Losses: values by hand, proofs at tiny sizes, kinks, reductions, sums of several, and what is refused."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.read.layers.kinds import is_loss, layer_kinds

LOSSES = (
    "mean_squared_error", "absolute_error", "huber delta=0.5", "log_cosh", "quantile tau=0.9", "poisson_nll",
    "poisson_nll log_input=false full=true", "binary_cross_entropy", "binary_cross_entropy_logits pos_weight=2",
    "softmax_cross_entropy", "softmax_cross_entropy labels=counts",
    "softmax_cross_entropy labels=index ignore_index=5 class_weights=1,2",
    "softmax_cross_entropy labels=index label_smoothing=0.1 sample_weight=true", "nll class_weights=1,2", "hinge p=2",
    "multiclass_hinge", "multiclass_hinge form=crammer_singer", "kl_divergence", "kl_divergence log_target=true",
)  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
def test_the_compiled_gradient_is_proven(loss: str) -> None:
    assert sb.compile_value_and_grad(f"input 2\nloss {loss}", wrt="x").verify(points=1, seconds=0.1)


@pytest.mark.parametrize("loss", ["cosine_embedding from=a,b margin=0.1", "gaussian_nll from=a,b full=true"])
def test_the_gradient_of_losses_of_pairs_is_proven(loss: str) -> None:
    assert sb.compile_value_and_grad(f"a = input 2\nb = input 2\nloss {loss}", wrt=["a", "b"]).verify(
        points=1, seconds=0.1
    )


def test_the_gradient_of_triples_is_proven() -> None:
    spec = "a = input 2\nb = input 2\nc = input 2\nloss triplet from=a,b,c margin=3.0 swap=true"
    assert sb.compile_value_and_grad(spec, wrt=["a", "b", "c"]).verify(points=1, seconds=0.1)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("batch", ["rows", "columns", "none"])
def test_single_precision_stays(loss: str, batch: str) -> None:
    net = sb.read_layers(f"network batch={batch}\ninput 2\nloss {loss}")
    drawn = {
        name: np.ones([{"m": 3}.get(str(size), size) for size in spec.shape or ()], "i8" if spec.dtype == "int64" else "f4")
        for name, spec in net.written.inputs.items()
    }  # fmt: skip
    g = sb.compile_value_and_grad(net, wrt="x", dtype="float32")
    value, slope = g({}, **drawn)
    assert np.asarray(value).dtype == np.float32 and slope.dtype == np.float32
    assert "float64" not in g.source.split("# forward")[-1]


@pytest.mark.parametrize("kind", [kind for kind in layer_kinds().values() if is_loss(kind) and kind.arity == 1])
def test_all_forms_are_the_same(kind: type[sb.SquaredError]) -> None:
    net = sb.Sequential([sb.Input((4, 3) if kind is sb.CTC else 3), kind(reduction="sum", entries="mean", target="t")])
    for form in (net.to_text(), net.to_dict(), net.to_json(), net.to_toml()):
        assert sb.read_layers(form) == net


def loss_of(spec: str, *, batch: str = "rows", **inputs: object) -> float:
    return sb.compile_value(f"network batch={batch}\n{spec}")({}, **inputs)


def slope_of(spec: str, *, batch: str = "none", **inputs: object) -> list[float]:
    found: np.ndarray = sb.compile_grad(f"network batch={batch}\n{spec}", wrt="x")({}, **inputs)
    return found.tolist()


def test_kinks() -> None:
    assert slope_of("input 2\nloss absolute_error", x=[1.0, 2.0], y=[1.0, 1.0]) == [0.0, 1.0]
    assert slope_of("input 2\nloss huber delta=0.5", x=[0.5, -0.6], y=[0.0, 0.0]) == [0.5, -0.5]
    assert slope_of("input 2\nloss quantile tau=0.9", x=[1.0, 2.0], y=[1.0, 1.0]) == pytest.approx([-0.9, 0.1])
    assert slope_of("input 2\nloss hinge", x=[1.0, 0.0], y=[1.0, 1.0]) == [0.0, -1.0]
    tied = slope_of("input 3\nloss multiclass_hinge form=crammer_singer", x=[0.0, 0.0, 0.0], y=0)
    assert tied == [-1.0, 0.5, 0.5]
    assert slope_of("input 3\nloss multiclass_hinge", x=[2.0, 1.0, 0.0], y=0) == [0.0, 0.0, 0.0]


def test_extremes() -> None:
    assert loss_of("input 2\nloss log_cosh", x=[[1e5, -1e5]], y=[[0.0, 0.0]]) == pytest.approx(2e5 - 2 * np.log(2))
    assert slope_of("input 2\nloss binary_cross_entropy_logits", x=[1e4, -1e4], y=[1.0, 1.0]) == [0.0, -1.0]
    saturated = "input 2\nsigmoid\nloss binary_cross_entropy"
    assert slope_of(saturated, x=[1e4, -1e4], y=[1.0, 1.0]) == [0.0, -1.0]
    assert loss_of(saturated, x=[[50.0, -800.0]], y=[[0.0, 0.5]]) == 450.0
    assert loss_of("input 2\nloss binary_cross_entropy", x=[[0.0, 1.0]], y=[[0.0, 1.0]]) == 0.0
    assert slope_of("input 2\nloss softmax_cross_entropy labels=index", x=[1e4, -1e4], y=1) == [1.0, -1.0]
    masked = slope_of("input 3\nloss softmax_cross_entropy labels=index", x=[0.0, 0.0, -np.inf], y=1)
    assert masked == [0.5, -0.5, 0.0]


def test_a_sigmoid_before_its_cross_entropy() -> None:
    text = sb.compile_grad("input 3\ndense 2 sigmoid\nloss binary_cross_entropy").source
    assert "delta1 = a1 - y" in text and "np.log(" not in text
    summed = sb.compile_value_and_grad("z y -> w = sigmoid(z)\nxlogy(y, w) + xlog1py(1 - y, -w) + 3*w", wrt="z")
    assert summed.rewrites["binary cross-entropy"] == 1 and summed.verify()
    other = sb.compile_value_and_grad("z y u -> w = sigmoid(z)\nxlogy(y, w) + xlog1py(1 - u, -w)", wrt="z")
    assert "binary cross-entropy" not in other.rewrites and other(0.0, 1.0, 1.0)[0] == pytest.approx(-np.log(2))


@pytest.mark.parametrize(
    "loss", ["softmax_cross_entropy labels=index", "softmax_cross_entropy labels=index label_smoothing=0.1", "nll"]
)
@pytest.mark.parametrize("weights", ["", " class_weights=1,2"])
@pytest.mark.parametrize("batch", ["rows", "columns"])
def test_what_is_ignored_may_be_anything(loss: str, weights: str, batch: str) -> None:
    g = sb.compile_value_and_grad(f"network batch={batch}\ninput 2\nloss {loss}{weights} ignore_index=-1", wrt="x")
    x, y = np.array([[0.0, 1.0], [np.nan, np.nan], [3.0, -1.0], [np.inf, -np.inf]]), np.array([1, -1, 0, -1])
    found, slope = g({}, x=x if batch == "rows" else x.T, y=y)
    expected, exact = g({}, x=x[::2] if batch == "rows" else x[::2].T, y=y[::2])
    slope, exact = (slope, exact) if batch == "rows" else (slope.T, exact.T)
    assert found == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(slope[::2], exact, rtol=1e-14)
    assert np.array_equal(slope[1::2], np.zeros((2, 2)))


def test_labels_without_an_ignored_one_change_entries_alone() -> None:
    source = sb.compile_grad("input 2\nloss softmax_cross_entropy labels=index", wrt="x").source
    assert "[each, y] -= " in source and "where" not in source


@pytest.mark.parametrize(
    ("labels", "y", "expected"),
    [("distribution", [0.25, 0.75], [0.25, -0.25]), ("counts", [1.0, 3.0], [1.0, -1.0]), ("index", 1, [0.5, -0.5])],
)
def test_the_adjoint_of_softmax_with_cross_entropy(labels: str, y: object, expected: list[float]) -> None:
    assert slope_of(f"input 2\nloss softmax_cross_entropy labels={labels}", x=[0.0, 0.0], y=y) == expected


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("entries", ["mean", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
def test_reductions(reduction: str, entries: str, weighted: bool) -> None:
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(4, 3, 2)), rng.normal(size=(4, 3, 2)), rng.uniform(size=4)
    each = getattr(np, entries)(np.abs(x - y), axis=(1, 2))
    given = {"sample_weight": w} if weighted else {}
    expected = {
        "none": w * each if weighted else each,
        "sum": np.sum(w * each) if weighted else np.sum(each),
        "mean": np.average(each, weights=w if weighted else None),
    }[reduction]
    spec = f"input 3 2\nloss absolute_error {reduction} entries={entries} sample_weight={str(weighted).lower()}"
    np.testing.assert_allclose(loss_of(spec, x=x, y=y, **given), expected, rtol=1e-14)


# --- what is printed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "line"),
    [
        ("softmax_cross_entropy", "delta1 = p - y"),
        ("softmax_cross_entropy label_smoothing=0.1", "delta1 = p - smooth"),
        ("softmax_cross_entropy labels=index", "delta1[each, y] -= "),
        ("poisson_nll", "delta1 = exp_z1 - y"),
        ("log_cosh", "delta1 = np.tanh("),
        ("absolute_error", "delta1 = np.sign("),
        ("squared_error", "delta1 = z1 - y"),
        ("huber", "delta1 = np.sign(t1) * t2"),
    ],
)
def test_the_adjoint_that_is_printed(loss: str, line: str) -> None:
    assert line in sb.compile_grad(f"input 3\ndense 2\nloss {loss}").source


# --- connectionist temporal classification ----------------------------------------------------------------------------


def by_enumeration(log_p: np.ndarray, letters: list[int]) -> float:
    """Return the loss from all ways to align, one by one."""
    ways = product(range(log_p.shape[1]), repeat=len(log_p))
    read = [w for w in ways if [symbol for symbol, _ in groupby(w) if symbol] == letters]
    return -np.log(sum(np.exp(log_p[range(len(w)), w].sum()) for w in read)) if read else np.inf


@pytest.mark.parametrize("letters", [[1], [1, 2], [1, 1], [2, 1, 2], [1, 1, 1]])
def test_ctc_is_the_sum_over_all_alignments(letters: list[int]) -> None:
    log_p = np.log(np.random.default_rng(0).dirichlet(np.ones(3), size=4))
    g = sb.compile_value_and_grad("network batch=none\ninput t 3\nloss ctc", wrt="x")
    value, slope = g({}, x=log_p, y=letters)
    assert value == pytest.approx(by_enumeration(log_p, letters), rel=1e-13)
    assert np.all(np.isfinite(slope)) and (np.any(slope) or value == np.inf)


def test_ctc_of_lengths_and_masked_classes() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 5, 4))
    x[0, :, 3] = -np.inf
    y, frames, letters = np.array([[1, 2], [3, -7], [9, 9]]), [5, 4, 3], [2, 1, 0]
    spec = "input t 4\nloss ctc sum input_lengths=true target_lengths=true"
    value, slope = sb.compile_value_and_grad(spec, wrt="x")({}, x=x, y=y, input_lengths=frames, target_lengths=letters)
    log_p = x - np.log(np.sum(np.exp(x), axis=2, keepdims=True))
    expected = [by_enumeration(log_p[i, : frames[i]], y[i, : letters[i]].tolist()) for i in range(3)]
    assert value == pytest.approx(sum(expected), rel=1e-13)
    assert np.all(np.isfinite(slope)) and not np.any(slope[1, 4:]) and not np.any(slope[2, 3:])


@pytest.mark.parametrize("behind", [np.nan, np.inf])
def test_frames_behind_the_end_may_be_anything(behind: float) -> None:
    g = sb.compile_value_and_grad("input t 3\nloss ctc input_lengths=true", wrt="x")
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    expected, exact = g({}, x=x, y=[[1], [2]], input_lengths=[4, 2])
    x[1, 2:] = behind
    found, slope = g({}, x=x, y=[[1], [2]], input_lengths=[4, 2])
    assert found == expected and np.array_equal(slope, exact) and not np.any(slope[1, 2:])


def test_the_gradient_of_ctc_is_proven() -> None:
    assert sb.compile_value_and_grad("network batch=none\ninput 2 2\nloss ctc labels=1", wrt="x").verify(
        points=1, seconds=0.1
    )


# --- several losses ---------------------------------------------------------------------------------------------------

HEADS = """
input 3
h = dense 2 tanh l2=0.1
dense 2
side = loss softmax_cross_entropy labels=index target=label
dense 1 from=h
main = loss squared_error
loss total from=main,side weights=1,0.5
"""


def test_a_total_of_two_heads() -> None:
    net = sb.read_layers(HEADS)
    assert sb.read_layers(net.to_json()) == sb.read_layers(net.to_toml()) == sb.read_layers(net.to_text()) == net
    params, rng = net.init(seed=0), np.random.default_rng(0)
    x, y, label = rng.normal(size=(4, 3)), rng.normal(size=(4, 1)), [0, 1, 1, 0]
    g = sb.compile_value_and_grad(net)
    value, slopes = g(params, x=x, y=y, label=label)
    h = np.tanh(x @ params["W_h"].T + params["b_h"])
    z = h @ params["W2"].T + params["b2"]
    side = np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[range(4), label])
    main = np.mean(np.sum((h @ params["W3"].T + params["b3"] - y) ** 2, axis=1)) / 2
    assert value == pytest.approx(main + 0.5 * side + 0.1 * np.sum(params["W_h"] ** 2), rel=1e-13)
    assert list(slopes) == list(params)


def test_without_a_loss_all_heads_are_returned() -> None:
    net = sb.read_layers(HEADS)
    compiled = sb.compile_value(net.inference())
    params, x = net.init(seed=0), np.ones((2, 3))
    found = compiled(params, x)
    h = np.tanh(x @ params["W_h"].T + params["b_h"])
    assert list(found) == ["side", "main"]
    np.testing.assert_allclose(found["side"], h @ params["W2"].T + params["b2"], rtol=1e-14)
    np.testing.assert_allclose(found["main"], h @ params["W3"].T + params["b3"], rtol=1e-14)
    assert compiled.verify()


def test_one_head_of_two_losses_is_one_output() -> None:
    spec = "r = input 2\na = loss squared_error\nb = loss absolute_error from=r\nloss total from=a,b"
    assert sb.compile_value(sb.read_layers(spec).inference())({}, [[1.0, 2.0]]).tolist() == [[1.0, 2.0]]


def test_heads_beside_states() -> None:
    net = sb.read_layers(HEADS.replace("tanh l2=0.1", "tanh\nbatch_norm"))
    values, state = sb.compile_value(net.inference())(net.init(seed=0), np.ones((2, 3)), net.init_state())
    assert list(values) == ["side", "main"] and list(state) == list(net.init_state())


def test_labels_may_be_an_input_that_there_is() -> None:
    assert loss_of("input 2\nloss squared_error target=x", x=[[1.0, 2.0]]) == 0.0
    two = "input 2\na = loss squared_error\nb = loss absolute_error from=r\nloss total from=a,b"
    net = sb.read_layers(two.replace("input 2\n", "r = input 2\n"))
    assert list(net.written.inputs) == ["r", "y"]


def test_penalties_go_with_every_reduction_but_none() -> None:
    for loss in ("absolute_error", "softmax_cross_entropy sum", "log_cosh sample_weight=true"):
        assert "0.1*sum(W1**2)" in sb.read_layers(f"input 2\ndense 2 l2=0.1\nloss {loss}").formula
    with pytest.raises(sb.ArgumentError, match="penalties"):
        sb.read_layers("input 2\ndense 2 l2=0.1\nloss absolute_error none")
    assert "0.1*sum" in sb.read_layers("network batch=none\ninput 2\ndense 2 l2=0.1\nloss absolute_error none").formula


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("input 2\nloss huber delta=0", "a positive number is needed"),
        ("input 2\nloss quantile tau=1.5", "between 0 and 1"),
        ("input 2\nloss hinge p=3", "it is 1 or 2"),
        ("input 2\nloss softmax_cross_entropy label_smoothing=2", "between 0 and 1"),
        ("input 2\nloss softmax_cross_entropy ignore_index=1", 'labels="index"'),
        ("input 2\nloss nll class_weights=1,2,3", "has 3 numbers; shape .* needs 2"),
        ("input t 2\nloss nll entries=sum ignore_index=0", "say entries=mean, or reduction=sum"),
        ("network batch=columns\ninput 4 2\nloss nll", "not written for examples as columns"),
        ("a = input 2\nb = input 3\nloss cosine_embedding from=a,b", "need to have the same"),
        ("a = input 2\nb = input 3\nloss gaussian_nll from=a,b", "the variance has shape"),
        ("a = input 2\nb = input 2\nloss triplet from=a,b", "takes 3 values, and 2 are given"),
        ("input 2\nloss cosine_embedding margin=2", "between -1 and 1"),
        ("input 2\nloss triplet p=0.5", "at least 1"),
        ("input 2\nloss triplet eps=-1", "eps is -1.0; a number not below 0"),
        ("input 2\nloss cosine_embedding eps=0", "eps is 0.0; a positive number"),
        ("input 2\nloss gaussian_nll eps=0", "eps is 0.0; a positive number"),
        ("input 2\nloss poisson_nll eps=-1e-8", "eps is -1e-08; a positive number"),
        ("input 2\nloss huber delta=0", "delta is 0.0; a positive number"),
        ("input 2\nloss nll class_weights=1,-1", r"class_weights is \(1.0, -1.0\); a number not below 0"),
        ("input 2\nloss binary_cross_entropy_logits pos_weight=-2", r"pos_weight is \(-2.0,\)"),
        ("input 2\ndense 2 l2=-1\nloss squared_error", "l2 is -1.0; a number not below 0"),
        ("input 1 4\nconv1d 2 2 l1=-1", "l1 is -1.0; a number not below 0"),
        ("input 5\nloss ctc", "ctc needs frames and classes"),
        ("input 5 3\nloss ctc blank=3", "blank is 3, and there are 3 classes"),
        ("network batch=columns\ninput 5 3\nloss ctc", "examples as columns"),
        ("input 2\na = loss huber\nloss total from=a weights=1,2", "1 losses and 2 weights"),
        ("input 2\na = loss huber\nb = loss huber none from=x\nloss total from=a,b", "takes from 'x'"),
        ("x = input 2\na = loss huber\nb = loss huber none from=x\nloss total from=a,b", "reduce all alike"),
        ("x = input 2\na = loss huber\nloss total from=x", "a loss is the last layer"),
        ("x = input 2\na = loss huber\nloss total from=a,x", "x, which is no loss"),
        ("input 2\na = loss huber\ndense 2\nloss total from=a", "takes the loss loss_a"),
        ("input 2\na = loss huber\nloss squared_error from=a", "a loss is the last layer"),
        ("input 2\nresidual\n    loss huber", "cannot stand in a block"),
        ("input 2 int\nloss squared_error target=x", "it needs .x. as float64 .* there is an input .x., int64"),
    ],
)
def test_what_is_refused(spec: str, message: str) -> None:
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.read_layers(spec)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), np.float32("-inf")])
def test_options_are_finite(number: float) -> None:
    for made in (
        lambda: sb.Hinge(margin=number), lambda: sb.NLL(class_weights=[1.0, number]), lambda: sb.Dense(2, l2=number),
        lambda: sb.TotalLoss(weights=["w", number]), lambda: sb.Triplet(margin=number),
    ):  # fmt: skip
        with pytest.raises(sb.ArgumentError, match="neither nan nor infinite"):
            made()
