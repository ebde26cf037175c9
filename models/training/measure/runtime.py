"""Models run as users run them: ONNX Runtime on the CPU, one thread."""

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from .cpu import cpu_flags

ADDS_EXACTLY = bool({"avx512_vnni", "avx_vnni", "amx_int8"} & cpu_flags())
"""True where ONNX Runtime is known to add products of unsigned and signed bytes in 32 bits."""


class Session:
    """A model ready to run, from a file's path or from memory."""

    def __init__(self, model: onnx.ModelProto | str | bytes, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Without VNNI, sums of unsigned times signed bytes saturate. Unsigned weights are added exactly, as VNNI does it; with VNNI they would only be slower.
        options.add_session_config_entry("session.x64quantprecision", "0" if ADDS_EXACTLY else "1")
        content = model.SerializeToString() if isinstance(model, onnx.ModelProto) else model if isinstance(model, bytes) else str(model)
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.facts = dict(self._session.get_modelmeta().custom_metadata_map)
        self.channels = self._session.get_inputs()[0].shape[1]
        self.align = int(self.facts.get("align", 1))
        self.outputs = [output.name for output in self._session.get_outputs()]

    def input_shapes(self, width: int, height: int) -> dict[str, tuple[int, ...]]:
        """The shape of each input for one picture of that size in luma pixels, a multiple of `align`; U and V of 4:2:0 have half of its sides."""
        inputs = [(entry, 1 if entry.shape[2] == "h" else 2) for entry in self._session.get_inputs()]
        return {entry.name: (1, entry.shape[1], height // part, width // part) for entry, part in inputs}

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        """All outputs for `batch`, uint8 [n, c, h, w]."""
        return self._session.run(None, {"input": np.ascontiguousarray(batch)})

    def feed(self, tensors: dict[str, np.ndarray]) -> list[np.ndarray]:
        """All outputs of a model of several inputs, by their names."""
        return self._session.run(None, {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})

    def observe(self, picture: np.ndarray) -> list[np.ndarray]:
        """All outputs for one picture, uint8 [c, h, w], its edge repeated where its sides do not fit."""
        return self.run(with_edge_repeated(picture, self.align)[None])

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [c, h, w] to uint8 [c, h*scale, w*scale]."""
        return at_multiple(picture, self.align, lambda padded: self.run(padded[None])[0][0])


def observing(model: onnx.ModelProto, tensor: str) -> Session:
    """`model` with its float tensor `tensor` as a further output, for `Session.observe`."""
    observed = onnx.ModelProto()
    observed.CopyFrom(model)
    observed.graph.output.append(helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
    return Session(observed)


def at_multiple(picture: np.ndarray, align: int, enlarge: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`enlarge` of a picture [c, h, w] whose sides it wants to be multiples of `align`: the edge is repeated and then cut off."""
    padded = with_edge_repeated(picture, align)
    larger = enlarge(padded)
    scale = larger.shape[2] // padded.shape[2]
    return larger[:, : picture.shape[1] * scale, : picture.shape[2] * scale]


def with_edge_repeated(picture: np.ndarray, align: int) -> np.ndarray:
    """A picture [c, h, w] with its last row and column repeated until h and w are multiples of `align`."""
    height, width = picture.shape[1:]
    return np.pad(picture, ((0, 0), (0, -height % align), (0, -width % align)), mode="edge")
