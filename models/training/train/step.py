"""One step of training: crops cut, the network run, its loss brought back, weights and their running average moved.

On the CPU that is a few calls. A GPU would wait for each of hundreds of them, so there a step is recorded once as a CUDA graph and
replayed: what changes from step to step (the crops' plan, the rate, the average's share) is copied into tensors that the
graph reads. There is one graph for each kind of step, by loss and by precision.
"""

import torch

from ..data.batches import Photographs, Plan
from ..data.restoration import RestorationCrops, RestorationPlan
from ..measure.cpu import computes_bfloat16
from .losses import distance_of
from .recipe import Recipe
from .schedule import SCHEDULES
from .tensors import normal

RECORDABLE = ("muon", "adam")
"""Optimizers that can be part of a graph. SOAP decides on the CPU when to follow its bases: it steps after the graph."""
WARM_UP = 3
"""Steps before a graph is recorded, in which PyTorch's libraries choose their algorithms and take their memory."""


class Step:
    """The steps of a run, in order; `network`, `average` and `photographs` are on one device."""

    def __init__(self, recipe: Recipe, network: torch.nn.Module, average: torch.nn.Module, optimizer: torch.optim.Optimizer, photographs: Photographs | RestorationCrops):
        self._recipe, self._network, self._average, self._optimizer, self._photographs = recipe, network, average, optimizer, photographs
        device = photographs.device
        self._recorded = device.type == "cuda"
        self._may_halve = self._recorded or computes_bfloat16()
        self._rate, self._share, self._loss = (torch.zeros((), device=device) for _ in range(3))
        self._graphs: dict[tuple[bool, bool], torch.cuda.CUDAGraph] = {}
        self._steps_within = not self._recorded or recipe.optimizer in RECORDABLE
        self._distance = {squared: distance_of(recipe, squared, device) for squared in (False, True)}
        self._plan = photographs.plan(0).to(device)
        for group in optimizer.param_groups:
            group["lr"] = self._rate if self._recorded and self._steps_within else 0.0
            if "capturable" in group:
                group["capturable"] = self._recorded

    def __call__(self, step: int) -> torch.Tensor:
        """Take step number `step` and return its loss, a tensor on the device that the next step overwrites."""
        recipe, position = self._recipe, step / self._recipe.steps
        rate = SCHEDULES[recipe.schedule](step, recipe.steps, recipe.peak_rate)
        share = 1 - min(recipe.ema, (step + 1) / (step + 10))
        kind = (position >= recipe.mse_from, self._may_halve and position < recipe.float32_from)
        plan = self._photographs.plan(step)
        if not self._recorded:
            self._set_rate(rate)
            self._forward_and_back(plan, *kind)
            self._move(share)
            return self._loss
        if kind not in self._graphs:
            self._graphs[kind] = self._record(*kind)
        self._rate.fill_(rate)
        self._share.fill_(share)
        for ours, new in zip(self._plan.tensors(), plan.tensors()):
            ours.copy_(new)
        self._graphs[kind].replay()
        if not self._steps_within:
            self._set_rate(rate)
            self._move(share)
        return self._loss

    def _set_rate(self, rate: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = rate

    def _forward_and_back(self, plan: Plan | RestorationPlan, squared: bool, halved: bool) -> None:
        batch = self._photographs.cut(plan)
        with torch.autocast(self._photographs.device.type, torch.bfloat16, enabled=halved, cache_enabled=False):
            output = self._network(normal(batch.low))
        distance, taught = self._distance[squared], self._recipe.distillation
        loss = distance(output.float(), normal(batch.high), batch.weights)
        if batch.teacher_output is not None:
            loss = (1 - taught) * loss + taught * distance(output.float(), normal(batch.teacher_output), batch.weights)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._loss.copy_(loss.detach())

    def _move(self, share: float | torch.Tensor) -> None:
        self._optimizer.step()
        update_average(self._average, self._network, share)

    def _record(self, squared: bool, halved: bool) -> torch.cuda.CUDAGraph:
        """A graph of one step. The steps that warm it up leave no trace in weights, average and optimizer."""

        def body() -> None:
            self._forward_and_back(self._plan, squared, halved)
            if self._steps_within:
                self._move(self._share)

        before = {id(tensor): tensor.clone() for tensor in self._state()}
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UP):
                body()
        torch.cuda.current_stream().wait_stream(beside)
        self._optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            body()
        with torch.no_grad():
            for tensor in self._state():
                # What the optimizer only just made begins at 0.
                tensor.copy_(before[id(tensor)]) if id(tensor) in before else tensor.zero_()
        return graph

    def _state(self) -> list[torch.Tensor]:
        optimizers = [value for state in self._optimizer.state.values() for value in state.values() if torch.is_tensor(value)]
        return [*self._network.parameters(), *self._average.parameters(), *(optimizers if self._steps_within else [])]


@torch.no_grad()
def update_average(average: torch.nn.Module, network: torch.nn.Module, share: float | torch.Tensor) -> None:
    """Move every weight of `average` the `share` of the way to `network`'s."""
    if torch.is_tensor(share):
        for mean, weight in zip(average.parameters(), network.parameters()):
            mean.lerp_(weight, share)
    else:
        torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), share)
