"""Models that restore planes of 4:2:0, run as users run them: ONNX Runtime on the CPU."""

import numpy as np
import onnx

from ..data.planar import Planes
from .runtime import Session


class PlanarSession:
    """A model with the ends of `networks.planar_ends`, from a file's path or from memory."""

    def __init__(self, model: onnx.ModelProto | str | bytes, threads: int = 1) -> None:
        self._session = Session(model, threads)
        self.facts = self._session.facts

    def __call__(self, planes: Planes) -> Planes:
        """The restored planes. Sides that are no multiples of the model's `align` are repeated at their edge, and then cut off."""
        align = self._session.align
        height, width = planes.y.shape
        missing = (-height % align, -width % align)
        padded = [np.pad(plane, [(0, more // part) for more in missing], mode="edge") for plane, part in zip(planes.each(), (1, 2, 2))]
        found = self._session.feed({name: plane[None, None] for name, plane in zip("yuv", padded)})
        return Planes(*(plane[0, 0, : height // part, : width // part] for plane, part in zip(found, (1, 2, 2))))
