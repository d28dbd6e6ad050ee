"""Convolutions, their transposes, and pooling."""

from __future__ import annotations

from layer_cases.case import Case, one_hot

LOSS = "\nloss squared_error"
ONE = "network batch=none\n"

CONV1D = ("3 2", "4 3 stride=2 padding=1", "4 2 padding=same dilation=2 groups=2", "2 1 bias=false", "2 2 padding=same")
CONV2D = (
    "3 2", "2 2,3 stride=2,1 padding=1,2", "4 2 groups=2 dilation=2,1", "2 3 padding=same dilation=1,2",
    "2 2 padding=valid bias=false", "2 1 stride=2",
)  # fmt: skip
CONV_TRANSPOSE1D = ("3 2", "4 3 stride=2 padding=1 output_padding=1 groups=2", "2 2 dilation=2 bias=false")
CONV_TRANSPOSE2D = (
    "3 2", "2 2,3 stride=2,1 padding=1 output_padding=1,0", "4 2 groups=2 dilation=2", "2 3,1 stride=1,3 bias=false",
)  # fmt: skip
MAX_POOL1D = ("2", "3 stride=2 padding=1", "2 dilation=2", "4")
MAX_POOL2D = ("2", "2,3 stride=1,2", "3 stride=2 padding=1", "2 stride=1 dilation=2,1")
AVG_POOL1D = ("2", "3 stride=2 padding=1", "3 padding=1 count_include_pad=false")
AVG_POOL2D = ("2", "2,3 stride=1,2", "3 stride=2 padding=1", "2,3 stride=2 padding=1,0 count_include_pad=false")

LENET = """
input 1 7 6
conv2d 2 3 tanh padding=1
avg_pool2d 2
conv2d 3 2 relu
global_max_pool
dense 3
loss softmax_cross_entropy
"""

CASES = (
    *(Case(f"conv1d {o}", f"input 2 5\nconv1d {o}{LOSS}", sizes={"m": 2}) for o in CONV1D),
    *(Case(f"conv2d {o}", f"input 2 5 4\nconv2d {o}{LOSS}", sizes={"m": 2}) for o in CONV2D),
    *(Case(f"conv_transpose1d {o}", f"input 2 4\nconv_transpose1d {o}{LOSS}", sizes={"m": 2})
      for o in CONV_TRANSPOSE1D),
    *(Case(f"conv_transpose2d {o}", f"input 2 3 4\nconv_transpose2d {o}{LOSS}", sizes={"m": 2})
      for o in CONV_TRANSPOSE2D),
    *(Case(f"max_pool1d {o}", f"input 2 7\nmax_pool1d {o}{LOSS}", sizes={"m": 2}) for o in MAX_POOL1D),
    *(Case(f"max_pool2d {o}", f"input 2 5 6\nmax_pool2d {o}{LOSS}", sizes={"m": 2}) for o in MAX_POOL2D),
    *(Case(f"avg_pool1d {o}", f"input 2 7\navg_pool1d {o}{LOSS}", sizes={"m": 2}) for o in AVG_POOL1D),
    *(Case(f"avg_pool2d {o}", f"input 2 5 6\navg_pool2d {o}{LOSS}", sizes={"m": 2}) for o in AVG_POOL2D),
    Case("conv1d of one sequence", f"{ONE}input 2 5\nconv1d 3 2 stride=2{LOSS}"),
    Case("conv2d of one image", f"{ONE}input 2 4 5\nconv2d 3 2 gelu padding=1{LOSS}"),
    Case("conv2d of any size", f"input 2 h w\nconv2d 3 3 stride=2 padding=1{LOSS}", sizes={"m": 2, "h": 4, "w": 5}),
    Case("conv2d penalties", f"{ONE}input 2 3 3\nconv2d 2 2 relu l1=0.1 l2=0.2{LOSS}"),
    Case("conv1d shared", f"input 2 6\na = conv1d 2 2 tanh\nconv1d 2 2 share=a{LOSS}", sizes={"m": 2}),
    Case("conv2d softmax", f"input 2 3 3\nconv2d 3 2 softmax{LOSS}", sizes={"m": 2}),
    Case("conv_transpose2d of any size", f"input 2 h w\nconv_transpose2d 3 2 stride=2{LOSS}",
         sizes={"m": 2, "h": 2, "w": 3}),
    Case("max_pool2d of one image", f"{ONE}input 2 4 5\nmax_pool2d 2{LOSS}"),
    Case("max_pool2d of any size", f"input 2 h w\nmax_pool2d 2{LOSS}", sizes={"m": 2, "h": 4, "w": 5}),
    Case("global_max_pool", f"input 2 t\nglobal_max_pool{LOSS}", sizes={"m": 2, "t": 4}),
    Case("global_avg_pool", f"input 2 3 4\nglobal_avg_pool\ndense 2{LOSS}"),
    Case("global_avg_pool of one image", f"{ONE}input 2 3 4\nglobal_avg_pool{LOSS}"),
    Case("a small network", LENET, {"y": one_hot()}, held=("y",)),
)  # fmt: skip
