"""Layers that normalise, in training and in inference, and dropout."""

from __future__ import annotations

from layer_cases.case import Case, mask

LOSS = "\nloss squared_error"
IMAGE = {"m": 2, "h": 2, "w": 3}

CASES = (
    Case("batch_norm", f"input 3\ndense 4\nbatch_norm\ndense 2{LOSS}", sizes={"m": 5}),
    Case("batch_norm in inference", f"input 3\ndense 4\nbatch_norm\ndense 2{LOSS}", inference=True),
    Case("batch_norm of sequences", f"input 3 t\nbatch_norm momentum=0.3 eps=0.001{LOSS}", sizes={"m": 2, "t": 4}),
    Case("batch_norm of images", f"input 3 h w\nbatch_norm{LOSS}", sizes=IMAGE),
    Case("batch_norm of images in inference", f"input 3 h w\nbatch_norm{LOSS}", sizes=IMAGE, inference=True),
    Case("batch_norm of columns", f"network batch=columns\ninput 3\nbatch_norm{LOSS}", sizes={"m": 5}),
    Case("batch_norm without parameters", f"input 3\nbatch_norm scale=false offset=false{LOSS}", sizes={"m": 4}),
    Case("batch_norm of one image", f"network batch=none\ninput 2 3 2\nbatch_norm{LOSS}"),
    Case("layer_norm", f"input 3\ndense 4\nlayer_norm\ndense 2{LOSS}"),
    Case("layer_norm over two axes", f"input 3 4\nlayer_norm axes=2 eps=0.01{LOSS}"),
    Case("layer_norm over time", f"input t 4\nlayer_norm offset=false{LOSS}", sizes={"m": 2, "t": 3}),
    Case("layer_norm of columns", f"network batch=columns\ninput 4\nlayer_norm{LOSS}"),
    Case("layer_norm of one example", f"network batch=none\ninput 5\nlayer_norm scale=false{LOSS}"),
    Case("rms_norm", f"input 3\ndense 4\nrms_norm\ndense 2{LOSS}"),
    Case("rms_norm over two axes", f"input 3 4\nrms_norm axes=2 eps=0.01{LOSS}"),
    Case("rms_norm with offset", f"network batch=columns\ninput 4\nrms_norm offset=true{LOSS}"),
    Case("group_norm", f"input 4 h w\ngroup_norm 2{LOSS}", sizes=IMAGE),
    Case("group_norm of features", f"input 6\ngroup_norm 3 eps=0.01{LOSS}"),
    Case("group_norm of columns", f"network batch=columns\ninput 6\ngroup_norm 2{LOSS}"),
    Case("instance norm", f"input 3 4\ngroup_norm 3{LOSS}"),
    Case("all channels together", f"network batch=none\ninput 3 4\ngroup_norm 1{LOSS}"),
    Case("dropout", f"input 3\ndense 4 tanh\ndropout 0.3\ndense 2{LOSS}", {"mask1": mask}),
    Case("dropout of the input", f"network batch=columns\ninput 4\ndropout{LOSS}", {"mask": mask}),
    Case("dropout twice", f"input 4\ndropout 0.5\ndropout 0.25{LOSS}", {"mask": mask, "mask_2": mask}),
    Case("dropout in inference", f"input 3\ndense 4 tanh\ndropout 0.3\ndense 2{LOSS}", inference=True),
)
