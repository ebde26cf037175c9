"""Restoring networks with convolutions in int8, by ONNX Runtime's own quantiser: to see what int8 would give and cost there. None is shipped."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from ..data.planar import Planes

FORMS = ("pointwise", "dense")
"""The convolutions that become int8: those of 1x1, or all but depthwise ones and those of fewer than 16 channels."""


def in_int8(model: Path, form: str, calibration: list[Planes], out: Path) -> Path:
    """Write the model with the convolutions of one of `FORMS` in int8 (QDQ, a step for each filter; ranges by minimum and maximum) into the folder `out`; its path."""
    target = out / f"{model.stem.removesuffix('-fp32')}-{form}-int8.onnx"
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        quantize_static(
            str(prepared),
            str(target),
            _Reader(calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=[node.name for node in graph.node if node.op_type == "Conv" and not _belongs(graph, node, form)],
        )
    quantised = onnx.load(target)
    onnx.helper.set_model_props(quantised, {entry.key: entry.value for entry in onnx.load(model).metadata_props})
    onnx.save(quantised, target)
    return target


def _belongs(graph: onnx.GraphProto, node: onnx.NodeProto, form: str) -> bool:
    outputs, inputs, height, _ = next(tensor.dims for tensor in graph.initializer if tensor.name == node.input[1])
    return min(outputs, inputs) >= 16 and (form == "dense" or height == 1)


class _Reader(CalibrationDataReader):
    def __init__(self, pictures: list[Planes]) -> None:
        self._feeds = iter([{name: np.ascontiguousarray(plane[None, None]) for name, plane in zip("yuv", planes.each())} for planes in pictures])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._feeds, None)
