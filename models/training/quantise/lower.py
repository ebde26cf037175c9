"""Bit-exact rewriting of a QDQ model for ONNX Runtime's symmetric int8 convolution ("ConvSym").

That kernel, some times faster than the general one, takes a convolution only if its activations are uint8, its weights
int8 with zero point 0, its group 1, its input channels a multiple of 4 and its output channels a multiple of 4 and at
least 16 (MLAS `convsym.cpp`, `MlasConvSymPackWSize`). So channels are padded with filters of zeros, whose products add
nothing to the integer sums, and grouped kernels are written as the dense, block-diagonal kernels that they are; only
depthwise ones of a multiple of 16 channels have a fast kernel of their own. A 5x5 kernel on one plane becomes a 3x3 on
four, the plane shifted: the fast convolution reads four in any case. `srvid lower` (src/onnx/lower.ts) does the
same to any network without Python; the trainer has its own, since it exports where there is no Node. A test there holds
the two to each other.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..measure.runtime import Session

INPUT_MULTIPLE = 4
OUTPUT_LEAST = 16
DEPTHWISE_MULTIPLE = 16
TAPS = {0: (slice(0, 3), slice(0, 3)), 2: (slice(3, 5), slice(1, 3))}
"""Shift of a plane in rows or columns, to (rows of the 5x5 kernel that it takes, their place in its own 3x3 kernel)."""
SHIFTS = [(down, across) for down in TAPS for across in TAPS]
DENSE_CHANNELS = 256
DENSE_DEPTHWISE_CHANNELS = 28
"""Wider than these, the zeros of a dense kernel cost as much as the fast kernel gains."""


class NotEqual(Exception):
    """Two models that must give the same bytes do not."""


def lower(model: onnx.ModelProto, output_multiple: int = 4) -> onnx.ModelProto:
    """The same function in shapes that ConvSym takes. (`output_multiple` 8 is what it wants on CPUs without AVX-512.)"""
    rewritten = _Rewriting(model)
    for conv in [node for node in rewritten.nodes if node.op_type == "Conv"]:
        if rewritten.is_quantised(conv) and rewritten.make_dense(conv):
            rewritten.spread(conv)
            rewritten.widen_input(conv)
            rewritten.widen_output(conv, output_multiple)
    return rewritten.finish()


def prove_equal(one: onnx.ModelProto, other: onnx.ModelProto, seed: int = 0) -> None:
    """Run both on random pictures of several sizes. @raises NotEqual at the first byte that differs."""
    sessions = [Session(one), Session(other)]
    random = np.random.default_rng(seed)
    channels, align = sessions[0].channels, sessions[0].align
    for count, rows, columns in ((1, 1, 1), (1, 3, 5), (1, 16, 16), (2, 17, 31), (1, 64, 48), (1, 120, 161)):
        height, width = rows * align, columns * align
        for low, high in ((0, 256), (0, 2), (254, 256), (100, 140)):
            batch = random.integers(low, high, (count, channels, height, width), dtype=np.uint8)
            for first, second in zip(*(session.run(batch) for session in sessions)):
                if np.array_equal(first, second):
                    continue
                wrong = int((first != second).sum()) if first.shape == second.shape else first.size
                raise NotEqual(
                    f"The rewritten model differs from the original in {wrong} of {first.size} bytes of a {width}x{height} picture "
                    f"(values {low}..{high - 1}). It is not written. Compare the two with ONNX Runtime's optimisations off to find the node."
                )


class _Rewriting:
    """A QDQ model as nodes and constants that may be replaced."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = onnx.ModelProto()
        self._model.CopyFrom(model)
        self.nodes = list(self._model.graph.node)
        self._constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self._writer = {output: node for node in self.nodes for output in node.output}
        self._wide: dict[str, tuple[str, int]] = {}

    def is_quantised(self, conv: onnx.NodeProto) -> bool:
        """DQ on picture, weights and bias; a single Q after; weights' zero point 0."""
        sources = [self._writer.get(name) for name in conv.input]
        if len(sources) != 3 or any(source is None or source.op_type != "DequantizeLinear" for source in sources):
            return False
        readers = self._readers(conv.output[0])
        zero = self._constants.get(sources[1].input[2], np.ones(1))
        return len(readers) == 1 and readers[0].op_type == "QuantizeLinear" and not zero.any()

    def make_dense(self, conv: onnx.NodeProto) -> bool:
        """Write a grouped kernel as a dense one where that pays. Returns True if the convolution has one group afterwards."""
        group = next((a for a in conv.attribute if a.name == "group"), None)
        if group is None or group.i == 1:
            return True
        name = self._writer[conv.input[1]].input[0]
        grouped = self._constants[name]
        outputs, inputs = grouped.shape[0] // group.i, grouped.shape[1]
        depthwise = outputs == inputs == 1
        if depthwise and group.i % DEPTHWISE_MULTIPLE == 0 or inputs * group.i > (DENSE_DEPTHWISE_CHANNELS if depthwise else DENSE_CHANNELS):
            return False
        dense = np.zeros((grouped.shape[0], inputs * group.i, *grouped.shape[2:]), grouped.dtype)
        for index in range(group.i):
            rows = slice(index * outputs, (index + 1) * outputs)
            dense[rows, index * inputs : (index + 1) * inputs] = grouped[rows]
        self._constants[name] = dense
        group.i = 1
        return True

    def spread(self, conv: onnx.NodeProto) -> None:
        """A 5x5 kernel on one plane as a 3x3 kernel on that plane shifted by 0 and 2 both ways: the 25 weights and 11 zeros.

        The plane is padded first, with the byte that stands for 0, so that the shifted ones hold what the kernel saw.
        """
        reader, name = self._writer[conv.input[0]], self._writer[conv.input[1]].input[0]
        kernel, given = self._constants[name], {attribute.name: helper.get_attribute_value(attribute) for attribute in conv.attribute}
        if kernel.shape[1:] != (1, 5, 5) or given.get("auto_pad", b"NOTSET") != b"NOTSET" or set(given.get("dilations", [1])) != {1}:
            return
        top, left, bottom, right = given.get("pads", [0, 0, 0, 0])
        planes = f"{conv.output[0]}.planes"
        self._insert_shifted(conv, reader.input[0], planes, [0, 0, top, left, 0, 0, bottom, right], reader.input[2])
        thin = np.zeros((len(kernel), 4, 3, 3), kernel.dtype)
        for plane, (down, across) in enumerate(SHIFTS):
            (rows, to_rows), (columns, to_columns) = TAPS[down], TAPS[across]
            thin[:, plane, to_rows, to_columns] = kernel[:, 0, rows, columns]
        self._constants[name] = thin
        del conv.attribute[:]
        conv.attribute.extend(helper.make_attribute(key, value) for key, value in {**given, "kernel_shape": [3, 3], "pads": [0] * 4}.items())
        conv.input[0] = self._read(conv, reader, planes)

    def _insert_shifted(self, conv: onnx.NodeProto, stored: str, planes: str, pads: list[int], zero: str) -> None:
        """`planes`: what `stored` holds, padded with `zero`, without its last 2 or its first 2 rows, and columns, as four channels."""
        self._constants[f"{planes}.pads"], self._constants[f"{planes}.axes"] = np.array(pads, np.int64), np.array([2, 3], np.int64)
        framed = f"{planes}.framed"
        self._insert_before(conv, helper.make_node("Pad", [stored, f"{planes}.pads", zero], [framed], name=framed))
        parts = [f"{planes}.{down}{across}" for down, across in SHIFTS]
        for part, shifts in zip(parts, SHIFTS):
            self._constants[f"{part}.start"] = np.array(shifts, np.int64)
            self._constants[f"{part}.end"] = np.array([np.iinfo(np.int64).max if shift else -2 for shift in shifts], np.int64)
            self._insert_before(conv, helper.make_node("Slice", [framed, f"{part}.start", f"{part}.end", f"{planes}.axes"], [part], name=part))
        self._insert_before(conv, helper.make_node("Concat", parts, [planes], name=planes, axis=1))

    def widen_input(self, conv: onnx.NodeProto) -> None:
        """Read a picture of a multiple of 4 channels; whatever the added ones hold, their weights are 0."""
        reader, name = self._writer[conv.input[0]], self._writer[conv.input[1]].input[0]
        stored, channels = reader.input[0], self._constants[name].shape[1]
        if stored not in self._wide:
            width = _up(channels, INPUT_MULTIPLE)
            if width == channels:
                return
            self._wide[stored] = (f"{stored}.wide", width)
            self._insert_before(conv, self._repeated(stored, channels, width))
        wide, width = self._wide[stored]
        self._constants[name] = _padded(self._constants[name], 1, width)
        conv.input[0] = self._read(conv, reader, wide)

    def widen_output(self, conv: onnx.NodeProto, multiple: int) -> None:
        weights, bias = (self._writer[name] for name in conv.input[1:])
        channels = len(self._constants[weights.input[0]])
        width = max(OUTPUT_LEAST, _up(channels, multiple))
        if width == channels:
            return
        # A bias whose step is not the product of the other two keeps ONNX Runtime from making one int8 node of the three.
        steps = {weights.name: 1.0, bias.name: float(self._constants[self._writer[conv.input[0]].input[1]])}
        for reader in (weights, bias):
            value, step, zero = reader.input
            self._constants[value] = _padded(self._constants[value], 0, width)
            self._constants[step] = _padded(self._constants[step], 0, width, steps[reader.name])
            self._constants[zero] = _padded(self._constants[zero], 0, width)
        store = self._readers(conv.output[0])[0]
        narrow = store.output[0]
        store.output[0] = f"{narrow}.wide"
        self._writer[store.output[0]] = store
        self._wide[narrow] = (store.output[0], width)
        # Convolutions read the wide picture; whoever else reads it gets the channels it knows.
        self._insert_after(store, self._slice(narrow, channels))

    def finish(self) -> onnx.ModelProto:
        graph = self._model.graph
        wanted, kept = {output.name for output in graph.output}, []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                kept.append(node)
        del graph.node[:], graph.initializer[:]
        graph.node.extend(reversed(kept))
        graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in self._constants.items() if name in wanted)
        onnx.checker.check_model(self._model)
        return self._model

    def _read(self, conv: onnx.NodeProto, reader: onnx.NodeProto, stored: str) -> str:
        """`stored` dequantised as `reader` does it; ONNX Runtime fuses that with each convolution that reads it."""
        value = f"{stored}.value"
        if value not in self._writer:
            self._insert_before(conv, helper.make_node("DequantizeLinear", [stored, *reader.input[1:]], [value], name=value))
        return value

    def _repeated(self, stored: str, channels: int, width: int) -> onnx.NodeProto:
        """`width` channels made of the `channels` there are, over and over."""
        self._constants[f"{stored}.order"] = np.arange(width, dtype=np.int64) % channels
        return helper.make_node("Gather", [stored, f"{stored}.order"], [f"{stored}.wide"], name=f"{stored}.wide", axis=1)

    def _slice(self, narrow: str, channels: int) -> onnx.NodeProto:
        for name, value in (("start", 0), ("end", channels), ("axis", 1)):
            self._constants[f"{narrow}.{name}"] = np.array([value], np.int64)
        inputs = [f"{narrow}.wide", f"{narrow}.start", f"{narrow}.end", f"{narrow}.axis"]
        return helper.make_node("Slice", inputs, [narrow], name=f"{narrow}.narrow")

    def _readers(self, name: str) -> list[onnx.NodeProto]:
        return [node for node in self.nodes if name in node.input]

    def _insert_before(self, node: onnx.NodeProto, added: onnx.NodeProto) -> None:
        self._insert(self._position(node), added)

    def _insert_after(self, node: onnx.NodeProto, added: onnx.NodeProto) -> None:
        self._insert(self._position(node) + 1, added)

    def _insert(self, position: int, added: onnx.NodeProto) -> None:
        self.nodes.insert(position, added)
        self._writer[added.output[0]] = added

    def _position(self, node: onnx.NodeProto) -> int:
        return next(index for index, other in enumerate(self.nodes) if other is node)


def _up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def _padded(values: np.ndarray, axis: int, length: int, fill: float = 0) -> np.ndarray:
    widths = [(0, length - values.shape[axis] if index == axis else 0) for index in range(values.ndim)]
    return np.pad(values, widths, constant_values=fill)
