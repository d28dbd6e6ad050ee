"""Layout: the order of axes and entries, joining, splitting, padding, sorting."""

from __future__ import annotations

from coverage_table.forms import Forms

__all__ = ["TABLE"]

TABLE: dict[str, Forms] = {}
TABLE["reshape"] = [
    ("reshape(x, (3, 4))", "x[12]"),
    ("reshape(x, (-1, 2), order='F')", "x[4,3]"),
    ("x.reshape(2, -1)", "x[4,3]"),
    ("x.reshape(x.shape[1], x.shape[0])", "x[n,d]"),
    ("reshape(x, -1)", "x[n,d]"),
]
TABLE["ravel"] = [
    ("ravel(x)", "x[n,d]"),
    ("x.ravel()", "x[2,n,d]"),
    ("ravel(x, order='F')", "x[n,d]"),
    ("ravel(x)", "x"),
]
TABLE["flatten"] = [("x.flatten()", "x[n,d]"), ("x.flatten('F')", "x[n,d]"), ("x.flatten(order='C')", "x[2,n,d]")]
TABLE["transpose"] = [
    ("transpose(x)", "x[2,n,d]"),
    ("transpose(x, (1, 0, 2))", "x[2,n,d]"),
    ("x.transpose()", "x[n,d]"),
    ("x.transpose(2, 0, 1)", "x[2,n,d]"),
    ("transpose(x, axes=(-1, 0, 1))", "x[2,n,d]"),
]
TABLE["permute_dims"] = [
    ("permute_dims(x)", "x[n,d]"),
    ("permute_dims(x, (1, 0, 2))", "x[2,n,d]"),
    ("permute_dims(x, axes=(-1, 0, 1))", "x[2,n,d]"),
]
TABLE["T"] = [("x.T", "x[n]"), ("x.T", "x[n,d]"), ("x.T @ x", "x[n,d]"), ("x.T", "x[2,n,d]")]
TABLE["mT"] = [("x.mT", "x[n,d]"), ("x.mT", "x[2,n,d]"), ("x.mT @ y", "x[2,n,d] y[n]")]
TABLE["swapaxes"] = [
    ("swapaxes(x, 0, 1)", "x[n,d]"),
    ("swapaxes(x, -1, 0)", "x[2,n,d]"),
    ("x.swapaxes(0, 2)", "x[2,n,d]"),
]
TABLE["moveaxis"] = [
    ("moveaxis(x, 0, -1)", "x[2,n,d]"),
    ("moveaxis(x, (0, 1), (2, 0))", "x[2,n,d]"),
    ("moveaxis(x, source=-1, destination=0)", "x[n,d]"),
]
TABLE["rollaxis"] = [
    ("rollaxis(x, 2)", "x[2,n,d]"),
    ("rollaxis(x, 0, 3)", "x[2,n,d]"),
    ("rollaxis(x, -1, start=1)", "x[2,n,d]"),
]
TABLE["expand_dims"] = [
    ("expand_dims(x, 0)", "x[n]"),
    ("expand_dims(x, axis=-1)", "x[n,d]"),
    ("expand_dims(x, (0, 2))", "x[n]"),
]
TABLE["squeeze"] = [("squeeze(x)", "x[1,4,1]"), ("squeeze(x, axis=0)", "x[1,n,1]"), ("x.squeeze((0, -1))", "x[1,n,1]")]
TABLE["broadcast_to"] = [
    ("broadcast_to(x, (3, 4))", "x[4]"),
    ("broadcast_to(x, (2, 3))", "x"),
    ("broadcast_to(x, (2, 3, 4))", "x[3,1]"),
    ("broadcast_to(x, (2, len(x)))", "x[n]"),
]
TABLE["broadcast_arrays"] = [
    ("broadcast_arrays(x, y)[0]", "x[d] y[n,d]"),
    ("broadcast_arrays(x, y)[1] * x", "x[n,1] y[d]"),
    ("broadcast_arrays(x, y, 2.0)[2] * x", "x[n] y"),
]
for word in ("atleast_1d", "atleast_2d", "atleast_3d"):
    TABLE[word] = [
        (f"{word}(x)", "x"),
        (f"{word}(x)", "x[n]"),
        (f"{word}(x)", "x[n,d]"),
        (f"{word}(x, y)[1]", "x y[n]"),
    ]
for word in ["concatenate", "concat"]:
    TABLE[word] = [
        (f"{word}([x, y])", "x[n] y[d]"),
        (f"{word}((x, y), axis=1)", "x[n,d] y[n,2]"),
        (f"{word}([x, y], axis=-2)", "x[n,d] y[2,d]"),
        (f"{word}([x, y, x], axis=None)", "x[n,d] y[n]"),
    ]
TABLE["stack"] = [
    ("stack([x, y])", "x[n] y[n]"),
    ("stack((x, y), axis=-1)", "x[n,d] y[n,d]"),
    ("stack([x, y, 1.5], axis=0)", "x y"),
]
for word in ["vstack", "hstack", "dstack", "column_stack"]:
    TABLE[word] = [
        (f"{word}([x, y])", "x[n] y[n]"),
        (f"{word}((x, y))", "x[n,d] y[n,d]"),
        (f"{word}([x, 2*x, y])", "x[n] y[n]"),
    ]
for word in ["split", "array_split"]:
    TABLE[word] = [
        (f"{word}(x, 2)[1]", "x[6]"),
        (f"{word}(x, 3, axis=1)[0]", "x[n,6]"),
        (f"{word}(x, [1, 3])[1]", "x[5,d]"),
        (f"{word}(x, (2,), axis=-1)[1]", "x[n,5]"),
    ]
TABLE["array_split"] += [("array_split(x, 3)[2]", "x[n]")]
TABLE["vsplit"] = [("vsplit(x, 2)[1]", "x[4,d]"), ("vsplit(x, [1])[0]", "x[3,d]"), ("vsplit(x, (1, 2))[1]", "x[3,2,d]")]
TABLE["hsplit"] = [("hsplit(x, 2)[1]", "x[n,4]"), ("hsplit(x, [1])[0]", "x[5]"), ("hsplit(x, (1, 2))[1]", "x[n,3]")]
TABLE["dsplit"] = [
    ("dsplit(x, 2)[1]", "x[2,n,4]"),
    ("dsplit(x, [1])[0]", "x[2,n,3]"),
    ("dsplit(x, (1, 2))[2]", "x[n,2,4]"),
]
TABLE["unstack"] = [
    ("unstack(x)[1]", "x[3]"),
    ("unstack(x, axis=1)[0]", "x[n,3]"),
    ("unstack(x, axis=-1)[2] * y", "x[n,3] y"),
]
TABLE["tile"] = [
    ("tile(x, 3)", "x[n]"),
    ("tile(x, (2, 3))", "x[n,d]"),
    ("tile(x, (2, 1, 2))", "x[n,d]"),
    ("tile(A=x, reps=(2,))", "x[n,d]"),
]
TABLE["repeat"] = [
    ("repeat(x, 3)", "x[n,d]"),
    ("repeat(x, 2, axis=0)", "x[n,d]"),
    ("x.repeat(2, axis=-1)", "x[n,d]"),
    ("repeat(x, k)", "x[n] k[n]:int"),
    ("repeat(x, [1, 0, 2], axis=1)", "x[n,3]"),
]
TABLE["roll"] = [
    ("roll(x, 1)", "x[n]"),
    ("roll(x, -2, axis=0)", "x[n,d]"),
    ("roll(x, (1, -1), axis=(0, 1))", "x[n,d]"),
    ("roll(x, 2)", "x[n,d]"),
]
TABLE["flip"] = [
    ("flip(x)", "x[n,d]"),
    ("flip(x, 0)", "x[n,d]"),
    ("flip(x, axis=(0, -1))", "x[2,n,d]"),
    ("flip(x)", "x[n]"),
]
TABLE["fliplr"] = [("fliplr(x)", "x[n,d]"), ("fliplr(x)", "x[2,n,d]"), ("fliplr(x) * x", "x[n,d]")]
TABLE["flipud"] = [("flipud(x)", "x[n,d]"), ("flipud(x)", "x[n]"), ("flipud(x) * x", "x[n,d]")]
TABLE["rot90"] = [("rot90(x)", "x[n,d]"), ("rot90(x, 2)", "x[n,d]"), ("rot90(x, k=-1, axes=(1, 2))", "x[2,n,d]")]
TABLE["pad"] = [
    ("pad(x, 2)", "x[n]"),
    ("pad(x, ((1, 0), (0, 2)), constant_values=1.5)", "x[n,d]"),
    ("pad(x, 1, mode='edge')", "x[n,d]"),
    ("pad(x, (1, 2), 'reflect')", "x[4]"),
    ("pad(x, 2, mode='wrap')", "x[5]"),
    ("pad(x, 1, 'symmetric')", "x[n,d]"),
]
for word in ["tril", "triu"]:
    TABLE[word] = [
        (f"{word}(x)", "x[n,d]"),
        (f"{word}(x, 1)", "x[n,d]"),
        (f"{word}(x, k=-1)", "x[2,n,d]"),
        (f"{word}(x)", "x[n]"),
    ]
TABLE["diag"] = [("diag(x)", "x[n]"), ("diag(x, 1)", "x[n]"), ("diag(x)", "x[3,4]"), ("diag(x, k=-1)", "x[4,4]")]
TABLE["diagonal"] = [
    ("diagonal(x)", "x[3,4]"),
    ("diagonal(x, offset=-1)", "x[3,4]"),
    ("x.diagonal(1, 1, 2)", "x[2,3,4]"),
    ("diagonal(x, axis1=0, axis2=2)", "x[2,n,2]"),
]
TABLE["diagflat"] = [("diagflat(x)", "x[n]"), ("diagflat(x, 1)", "x[2,2]"), ("diagflat(x, k=-1)", "x[n]")]
TABLE["fill_diagonal"] = [
    ("fill_diagonal(x, y)", "x[n,n] y"),
    ("fill_diagonal(x, 2.0)", "x[n,d]"),
    ("fill_diagonal(x, y, wrap=True)", "x[5,2] y"),
    ("fill_diagonal(x, y)", "x[3,3] y[3]"),
]
TABLE["meshgrid"] = [
    ("meshgrid(x, y)[0] * y[:, None]", "x[n] y[d]"),
    ("meshgrid(x, y, indexing='ij')[1]", "x[n] y[d]"),
    ("meshgrid(x, y, sparse=True)[1] * x", "x[n] y[d]"),
]
TABLE["sort"] = [
    ("sort(x)", "x[n]"),
    ("sort(x, axis=0)", "x[n,d]"),
    ("sort(x, axis=None)", "x[n,d]"),
    ("sort(x, -1, kind='stable')", "x[n,d]"),
]
TABLE["argsort"] = [("x[argsort(x)]", "x[n]"), ("argsort(x, axis=0) * x", "x[n,d]"), ("x.argsort(-1)", "x[n,d]")]
TABLE["partition"] = [
    ("partition(x, 1)[1]", "x[4]"),
    ("partition(x, 0, axis=0)[0]", "x[n,d]"),
    ("partition(x, (1, 2), axis=None)[1]", "x[2,3]"),
]
TABLE["msort"] = [("sort(x, 0)", "x[n]"), ("sort(x, 0) * x", "x[n,d]"), ("sort(x, 0)", "x[2,n,d]")]
