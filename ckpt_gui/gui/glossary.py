"""The words of checkpoints, each in a few sentences."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One word."""

    name: str
    """For links."""
    title: str
    words: str
    """HTML."""


ENTRIES = (
    Entry(
        "state_dict",
        "state_dict",
        "The tensors of a model by name: <code>layers.0.weight</code> → the values. It is what "
        "<code>model.state_dict()</code> returns and <code>model.load_state_dict()</code> takes. It holds no "
        "code: to use it one needs the model's class. A training checkpoint is usually a larger mapping, with"
        " the state_dict under a key such as <code>model_state_dict</code> or <code>state_dict</code>. "
        "<b>Save as state_dict</b> writes only that part, to a file that "
        "<code>torch.load(weights_only=True)</code> accepts.",
    ),
    Entry(
        "checkpoint",
        "Checkpoint",
        "A file from which a training can go on: the model's state_dict, the optimizer's state, and where the"
        " training stood (epoch, step, scheduler, random numbers). The usual suffixes <code>.pt</code>, "
        "<code>.pth</code>, <code>.ckpt</code> and <code>.bin</code> say nothing of the contents.",
    ),
    Entry(
        "optimizer",
        "Optimizer state",
        "What the optimizer remembers of each parameter. Adam keeps two tensors as large as the parameter "
        "itself: <code>exp_avg</code>, the running mean of its gradients, and <code>exp_avg_sq</code>, that "
        "of their squares. So it makes two thirds of many checkpoints. It is needed to go on training, not to"
        " use the model: <b>Strip optimizer</b> leaves it out.",
    ),
    Entry(
        "ema",
        "EMA",
        "Exponential moving average: a second copy of the weights that follows the first slowly, and is often"
        " the better model. Some checkpoints hold both; then decide which one you load. In <b>Convert…</b>, "
        "“use the average” takes its values under the names of the weights.",
    ),
    Entry(
        "tied",
        "Tied weights, shared storage",
        "Two names for one tensor, such as an embedding that is the output layer too. They share one storage,"
        " so the bytes are in the file once; here they are counted once and name each other. Saved one by one"
        " they become two tensors that no longer follow each other. A <b>view</b> is a part of a storage: a "
        "file may hold a large one for the sake of a small view.",
    ),
    Entry(
        "dtype",
        "Dtype, element type",
        "How one number is stored. <code>float32</code>: 4 bytes, 7 digits. <code>float16</code>: 2 bytes, 3 "
        "digits, at most 65,504. <code>bfloat16</code>: 2 bytes, 2 digits, the range of float32. "
        "<code>float8_e4m3fn</code>, <code>float8_e5m2</code>: 1 byte; the letters count the bits of exponent"
        " and mantissa. <code>int8</code>, <code>uint8</code>: whole numbers, often quantized weights with a "
        "scale beside them. <code>bool</code>: masks.",
    ),
    Entry(
        "device",
        "Device",
        "A tag that says where a tensor was when it was saved: <code>cpu</code>, <code>cuda:0</code>. It "
        "changes nothing of the values, but <code>torch.load</code> without <code>map_location</code> wants "
        "to put the tensor back there, and fails on a machine without it. <b>To CPU</b> rewrites the tags; no"
        " GPU is needed for that.",
    ),
    Entry(
        "storage",
        "Storage, stride, offset",
        "A storage is a row of bytes; a tensor is a way to read it: shape, stride (how many elements to step "
        "for the next index of each dimension) and offset (the first element). Several tensors may read one "
        "storage.",
    ),
    Entry(
        "role",
        "Role",
        "What part of a training a tensor belongs to: weights, EMA, optimizer, scheduler, gradient scaler, "
        "random numbers, metadata. Found by the layout of the file; the Overview gives the evidence.",
    ),
    Entry(
        "requires_grad",
        "requires_grad",
        "Whether gradients were to be computed for a tensor. Trained parameters have it; buffers such as "
        "running means, and frozen layers, do not.",
    ),
    Entry(
        "pickle",
        "Pickle, weights_only",
        "The format in which Python objects lie in most checkpoints. Loading one can run any code its author "
        "chose; <code>torch.load(weights_only=True)</code>, the default since torch 2.6, runs only a short "
        "list of known functions. This program runs nothing: it reads the pickle with a reader of its own.",
    ),
)
BY_LABEL = {"Dtype": "dtype", "Device": "device", "Role": "role", "requires_grad": "requires_grad",
            "Storage": "storage", "Stride": "storage", "Strides": "storage", "Offset": "storage",
            "Shared": "tied"}  # fmt: skip
"""Labels of facts that a word explains."""


def page() -> str:
    """All of them, as HTML; each with an anchor of its name."""
    links = " · ".join(f'<a href="#{entry.name}">{entry.title}</a>' for entry in ENTRIES)
    parts = [f'<h3><a name="{entry.name}"></a>{entry.title}</h3><p>{entry.words}</p>' for entry in ENTRIES]
    return f"<p>{links}</p>{''.join(parts)}"
