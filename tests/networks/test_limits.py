"""What a call of a network refuses beside shapes: numbers that number nothing, lengths beyond the end, means of none."""

import numpy as np
import pytest

import symbackprop as sb


def grad(spec: str, **inputs: object) -> object:
    g = sb.compile_value_and_grad(spec, wrt=None if "embedding" in spec or "rnn" in spec or "head" in spec else "x")
    return g(g.network.init(seed=0), **inputs)


@pytest.mark.parametrize(
    ("body", "x", "y"),
    [
        ("input 2 1 int\nflatten", [[[0], [-1]]], np.zeros((1, 2, 2))),
        ("input 2 int\nreshape 2 1", [[0, 5]], np.zeros((1, 2, 1, 2))),
        ("input 2 int\nrepeat 2\n    reshape 2 1\n    flatten", [[-1, 1]], np.zeros((1, 2, 2))),
        ("x = input 1 int\nconcatenate from=x,x\nflatten", [[5]], np.zeros((1, 2, 2))),
    ],
)
def test_rows_are_known_behind_layers_that_rearrange(body: str, x: object, y: object) -> None:
    spec = f"{body}\nembedding 5 2\nloss squared_error"
    grad(spec, x=np.clip(x, 0, 4), y=y)
    with pytest.raises(sb.ArgumentError, match=r"argument 'x' holds .*; the rows of the embedding are numbered"):
        grad(spec, x=x, y=y)


def test_the_least_of_several_tables_counts() -> None:
    spec = "x = input 1 int\na = embedding 5 2\nb = embedding 3 2 from=x\nadd from=a,b\nloss squared_error"
    grad(spec, x=[[2]], y=np.zeros((1, 1, 2)))
    with pytest.raises(sb.ArgumentError, match="holds 3; the rows of the embedding are numbered from 0 to 2"):
        grad(spec, x=[[3]], y=np.zeros((1, 1, 2)))


X = np.zeros((2, 3, 4))


@pytest.mark.parametrize(
    ("options", "inputs", "message"),
    [
        ("", {"y": [[1], [4]]}, "'y' holds 4; the classes are numbered from 0 to 3, without 0"),
        ("", {"y": [[1], [-1]]}, "'y' holds -1"),
        ("", {"y": [[0], [1]]}, "'y' holds 0"),
        ("blank=2", {"y": [[0], [2]]}, "'y' holds 2; .*, without 2"),
        ("target_lengths=true", {"y": [[1, -1], [0, -1]], "target_lengths": [1, 1]}, "'y' holds 0"),
        (
            "target_lengths=true",
            {"y": [[1, 2], [1, 2]], "target_lengths": [1, 3]},
            "'target_lengths' holds 3; .* 0 to 2",
        ),
        ("target_lengths=true", {"y": [[1, 2], [1, 2]], "target_lengths": [-1, 2]}, "'target_lengths' holds -1"),
        ("input_lengths=true", {"y": [[1], [1]], "input_lengths": [4, 1]}, "'input_lengths' holds 4; .* from 0 to 3"),
    ],
)
def test_labels_and_lengths_of_ctc(options: str, inputs: dict[str, object], message: str) -> None:
    with pytest.raises(sb.ArgumentError, match=message):
        grad(f"input t 4\nloss ctc {options}", x=X, **inputs)


def test_labels_behind_the_end_are_not_looked_at() -> None:
    grad("input t 4\nloss ctc target_lengths=true", x=X, y=[[1, -1], [7, 0]], target_lengths=[1, 0])


@pytest.mark.parametrize("body", ["rnn 4 lengths=true", "multi_head_attention 2 lengths=true"])
@pytest.mark.parametrize(("size", "lengths"), [("t", [4, 1]), ("3", [3, -1])])
def test_lengths_of_sequences(body: str, size: str, lengths: list[int]) -> None:
    spec = f"input {size} 4\n{body}\nloss squared_error"
    grad(spec, x=X, y=X, lengths=[3, 0])
    with pytest.raises(sb.ArgumentError, match=r"'lengths' holds .*; these sequences have lengths from 0 to 3"):
        grad(spec, x=X, y=X, lengths=lengths)


def test_lengths_of_sequences_one_behind_another() -> None:
    spec = "a = input t 4\nb = input s 4\nconcatenate axis=0 from=a,b\nrnn 2 last lengths=true\nloss squared_error"
    grad(spec, a=X, b=X[:, 1:], y=np.zeros((2, 2)), lengths=[5, 1])
    with pytest.raises(sb.ArgumentError, match="'lengths' holds 6; these sequences have lengths from 0 to 5"):
        grad(spec, a=X, b=X[:, 1:], y=np.zeros((2, 2)), lengths=[6, 1])


@pytest.mark.parametrize("loss", ["squared_error", "nll", "softmax_cross_entropy labels=index ignore_index=1"])
def test_a_mean_over_no_examples_is_refused(loss: str) -> None:
    y = np.zeros((0, 4)) if loss == "squared_error" else np.zeros(0, int)
    with pytest.raises(sb.ArgumentError, match="mean loss of no examples does not exist: needs 1 <= m, got 1 and 0"):
        grad(f"input 4\nloss {loss}", x=np.zeros((0, 4)), y=y)
    value, slope = grad(f"input 4\nloss {loss} sum", x=np.zeros((0, 4)), y=y)  # type: ignore[misc]
    assert value == 0.0 and slope.shape == (0, 4)


def test_a_mean_over_no_entries_is_refused() -> None:
    with pytest.raises(sb.ArgumentError, match="mean loss of no entries does not exist: needs 1 <= t, got 1 and 0"):
        grad("input t 4\nloss nll sum", x=np.zeros((2, 0, 4)), y=np.zeros((2, 0), int))
    value, slope = grad("input t 4\nloss nll sum entries=sum", x=np.zeros((2, 0, 4)), y=np.zeros((2, 0), int))  # type: ignore[misc]
    assert value == 0.0 and slope.shape == (2, 0, 4)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize(
    ("options", "inputs"),
    [
        ("ignore_index=-1", {"y": [-1, -1]}),
        ("ignore_index=-1 class_weights=1,2", {"y": [-1, -1]}),
        ("class_weights=0,1", {"y": [0, 0]}),
        ("sample_weight=true", {"y": [0, 1], "sample_weight": [0.0, 0.0]}),
    ],
)
@pytest.mark.parametrize("loss", ["nll", "softmax_cross_entropy labels=index"])
def test_a_mean_whose_weights_are_all_0_is_nan(loss: str, options: str, inputs: dict[str, object]) -> None:
    value, slope = grad(f"input 2\nloss {loss} {options}", x=np.zeros((2, 2)), **inputs)  # type: ignore[misc]
    assert np.isnan(value)
    if "ignore_index" in options:
        assert not slope.any()
    else:
        assert np.isnan(slope).any()
    value, slope = grad(f"input 2\nloss {loss} sum {options}", x=np.zeros((2, 2)), **inputs)  # type: ignore[misc]
    assert value == 0.0 and not slope.any()
