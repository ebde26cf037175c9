"""Random crops of 4:2:0 pictures, degraded on the device that trains, for networks that restore.

The interface is that of `batches.Photographs`: a step's crops follow from seed and step alone. The pictures lie on the device as
records, one for each 2x2 block of luma: the six bytes that a codec made of it, then its own six.
"""

from dataclasses import dataclass

import numpy as np
import torch

from .batches import Batch
from .blur import MARGIN, bank, blurred, halved
from .crops import ORIENTATIONS, Places, StepPlan, look_up, oriented
from .noise import STRONGEST, drawn, noisy, table

KERNELS = 512
BLUR_NOISE = 2.0
"""Standard deviation of the noise over blurred pictures, in levels."""
OFFSET, KERNEL, ORDER = 3, 4, 5
"""Columns of `RestorationPlan.crops` behind those of `crops`."""


@dataclass(frozen=True)
class Restorable:
    """One picture, folded (`planar.folded`): uint8 [6, h, w] as a codec left it, and as it is; the same twice where none was used."""

    coded: np.ndarray
    clean: np.ndarray


@dataclass(frozen=True)
class RestorationPlan(StepPlan):
    """Crops of one step to be cut and degraded."""

    crops: torch.Tensor
    """int64 [n, 11]: the record that the crop begins with, the steps from row to row and from column to column, where its noise begins
    in the table, its kernel of blur, and the channel that each of the six comes from."""
    noise: torch.Tensor
    """float32 [n, 3], `noise.drawn`."""
    weights: torch.Tensor


class RestorationCrops:
    """Pictures on a device, and random crops of `patch` luma pixels, noisy for the task "denoise", blurred for "deblur"."""

    def __init__(self, pictures: list[Restorable], task: str, patch: int, batch: int, seed: int, device: torch.device | str = "cpu"):
        self._blurs, self._strongest = task == "deblur", {"denoise": STRONGEST, "deblur": BLUR_NOISE}[task]
        self._varied = task == "denoise"
        self._batch, self._seed, self.device = batch, seed, torch.device(device)
        self._side = patch // 2 + (2 * MARGIN if self._blurs else 0)
        if any(min(picture.clean.shape[1:]) < self._side for picture in pictures):
            raise SystemExit(f"Crops of {patch} pixels need pictures of {2 * self._side} at least. Give a smaller --patch.")
        self._places = Places(picture.clean.shape[1:] for picture in pictures)
        self._records = torch.cat([torch.from_numpy(_records(picture)) for picture in pictures]).to(self.device)
        self._normal = table(seed).to(self.device)
        kernels, cuts = bank(KERNELS, seed)
        self._blur = [tensor.to(self.device) for tensor in (kernels, halved(kernels), cuts)]
        self._orders = np.array([_channel_order(orientation) for orientation in range(ORIENTATIONS)])

    def plan(self, step: int) -> RestorationPlan:
        """The crops of a step, drawn on the CPU so that every device sees the same ones."""
        random, size, n = np.random.default_rng((self._seed, step)), self._side, self._batch
        _, orientation, places = self._places.draw(random, n, size)
        noise = drawn(random, n, self._strongest, self._varied)
        crops = np.column_stack([places, random.integers(len(self._normal), size=n), random.integers(KERNELS, size=n), self._orders[orientation]])
        # A crop's squared error grows with its noise; what counts is by how much each is better (PSNR).
        weights = 1 / (noise[:, 0] + 4 + 12 * noise[:, 2] ** 0.5)
        return RestorationPlan(torch.from_numpy(crops.astype(np.int64)), torch.from_numpy(noise), torch.from_numpy((weights / weights.mean()).astype(np.float32)))

    def at(self, step: int) -> Batch:
        """The batch of a step."""
        return self.cut(self.plan(step).to(self.device))

    def cut(self, plan: RestorationPlan) -> Batch:
        """The crops of a plan: uint8 [n, 6, patch/2, patch/2], degraded and clean. Runs no code that depends on the plan's values."""
        n, size = len(plan.crops), self._side
        found = look_up(self._records, plan.crops, size).unflatten(3, (2, -1))
        order = plan.crops[:, ORDER:].view(n, 1, 1, 1, -1).expand_as(found)
        coded, clean = found.gather(4, order).permute(3, 0, 4, 1, 2)
        levels = coded.float()
        if self._blurs:
            levels = blurred(levels, *(tensor.index_select(0, plan.crops[:, KERNEL]) for tensor in self._blur))
            clean = clean[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
        return Batch(noisy(levels, plan.noise, plan.crops[:, OFFSET], self._normal), clean.contiguous(), plan.weights, None)


def _records(picture: Restorable) -> np.ndarray:
    """uint8 [h*w, 12]."""
    return np.concatenate([plane.reshape(len(plane), -1) for plane in (picture.coded, picture.clean)]).T.copy()


def _channel_order(orientation: int) -> np.ndarray:
    """For each of the six channels of an oriented crop, the one that it was."""
    return np.concatenate([oriented(np.arange(4).reshape(1, 2, 2), orientation).ravel(), [4, 5]])
