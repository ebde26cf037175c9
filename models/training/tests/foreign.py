"""Networks as other people bring them: float pictures in and out, quantised by ONNX Runtime's own quantiser.

`python -m training.tests.foreign ../test/fixtures/models` makes the files that the tests of `srvid doctor` and `srvid lower`
read. No photographs are needed: weights are made up, calibration pictures are `fixtures.picture`.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from ..networks.onnx_builder import IR_VERSION, OPSET, GraphBuilder
from .fixtures import picture

CALIBRATION = 8


def write_all(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    floats = {"linear": linear(), "grouped": grouped(), "depthwise": depthwise()}
    written = [folder / "linear-fp32.onnx"]
    onnx.save(floats["linear"], written[0])
    for name, per_channel, signed in (("linear", True, False), ("grouped", True, True), ("depthwise", False, False)):
        written.append(_quantise(floats[name], folder / f"{name}-int8.onnx", per_channel, signed))
    return written


def linear() -> onnx.ModelProto:
    """Luma x2 with a linear output, correct in float, that post-training quantisation makes dull.

    Fifteen channels hold the picture at amplitudes from small to tiny; together they add up to it. The sixteenth finds
    edges, and is some hundred times as large: it sets the range, and its step rounds the tiny ones to zero.
    """
    builder = GraphBuilder()
    gains = np.geomspace(0.004, 0.4, 15)
    shares = gains**0.5 / np.sum(gains**0.5)
    kernel = np.zeros((16, 1, 3, 3), np.float32)
    kernel[:15, 0, 1, 1] = gains
    kernel[15, 0] = 6 * np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    weights = np.zeros((4, 16, 1, 1), np.float32)
    weights[:, :15, 0, 0] = shares / gains
    weights[:, 15, 0, 0] = 0.002
    tensor = _relu(builder, _conv(builder, "input", "features", kernel))
    return _finish(builder, _conv(builder, tensor, "sum", weights), 1, 2)


def grouped() -> onnx.ModelProto:
    """RGB x2 in the manner of XLSR: 3x3 convolutions of four groups, 1x1 convolutions between them, clipped output."""
    random, builder = np.random.default_rng(11), GraphBuilder()
    tensor = _relu(builder, _conv(builder, "input", "head", _random(random, 32, 3, 3)))
    for block in range(3):
        tensor = _relu(builder, _conv(builder, tensor, f"grouped{block}", _random(random, 32, 8, 3), groups=4))
    tensor = _conv(builder, tensor, "tail", _random(random, 12, 32, 3) / 4)
    clipped = builder.node("Clip", [tensor, builder.constant("black", np.float32(0)), builder.constant("white", np.float32(1))], "clipped")
    return _finish(builder, clipped, 3, 2)


def depthwise() -> onnx.ModelProto:
    """Luma to luma of the same size; a depthwise convolution whose filters differ a hundredfold, to share one step."""
    random, builder = np.random.default_rng(12), GraphBuilder()
    tensor = _relu(builder, _conv(builder, "input", "head", np.abs(_random(random, 16, 1, 3))))
    filters = np.abs(_random(random, 16, 1, 3)) * np.geomspace(0.01, 1, 16, dtype=np.float32)[:, None, None, None]
    tensor = _relu(builder, _conv(builder, tensor, "depthwise", filters, groups=16))
    mixing = (1 / filters.sum(axis=(1, 2, 3)))[None, :, None, None] / 40
    return _finish(builder, _conv(builder, tensor, "mix", mixing.astype(np.float32)), 1, 1)


class _Pictures(CalibrationDataReader):
    def __init__(self, channels: int) -> None:
        self._pictures = iter([{"input": picture(channels, 48, 64, seed)[None].astype(np.float32) / 255} for seed in range(CALIBRATION)])

    def get_next(self) -> dict | None:
        return next(self._pictures, None)


def _quantise(model: onnx.ModelProto, path: Path, per_channel: bool, signed: bool) -> Path:
    channels = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    activations = QuantType.QInt8 if signed else QuantType.QUInt8
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "float.onnx"
        onnx.save(model, source)
        options = {"quant_format": QuantFormat.QDQ, "per_channel": per_channel, "activation_type": activations, "weight_type": QuantType.QInt8}
        quantize_static(source, path, _Pictures(channels), **options)
    return path


def _random(random: np.random.Generator, outputs: int, inputs: int, side: int) -> np.ndarray:
    return random.normal(0, (2 / (inputs * side * side)) ** 0.5, (outputs, inputs, side, side)).astype(np.float32)


def _conv(builder: GraphBuilder, tensor: str, name: str, kernel: np.ndarray, groups: int = 1) -> str:
    side = kernel.shape[-1]
    parameters = [builder.constant(f"{name}.weight", kernel), builder.constant(f"{name}.bias", np.zeros(len(kernel), np.float32))]
    return builder.node("Conv", [tensor, *parameters], name, kernel_shape=[side, side], pads=[side // 2] * 4, group=groups)


def _relu(builder: GraphBuilder, tensor: str) -> str:
    return builder.node("Relu", [tensor], f"{tensor}.relu")


def _finish(builder: GraphBuilder, tensor: str, channels: int, scale: int) -> onnx.ModelProto:
    kind, attributes = ("DepthToSpace", {"blocksize": scale, "mode": "CRD"}) if scale > 1 else ("Identity", {})
    builder.node(kind, [tensor], "output", **attributes)
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, height, width])
        for name, height, width in (("input", "h", "w"), ("output", f"{scale}h", f"{scale}w"))
    ]
    constants = [onnx.numpy_helper.from_array(value, name) for name, value in builder.constants.items()]
    graph = helper.make_graph(builder.nodes, "foreign", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="srvid")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m training.tests.foreign FOLDER")
    for file in write_all(Path(sys.argv[1])):
        print(file)
