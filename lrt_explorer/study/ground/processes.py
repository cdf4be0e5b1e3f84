"""The processes that share one fit: one alone, or those that `accelerate launch` started."""

import atexit
import os
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from lrt_explorer.linear.grid import GridMoments

# Where launchers say how many processes there are: torch's, and those of MPI.
_COUNTS = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")


class Processes:
    """One process alone: what is shared stays where it is."""

    rank = 0
    count = 1

    @property
    def main(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.rank == 0

    def gather(self, numbers: list[int]) -> list[list[int]]:
        """Every process's numbers, in the order of their ranks; all processes give equally many."""
        return [numbers]

    def agree(self, wish: bool) -> bool:  # noqa: FBT001 - its one argument
        """What the main process wishes."""
        return wish

    def merge(self, grid: GridMoments, *, everywhere: bool = True) -> GridMoments:  # noqa: ARG002 - one process is all
        """The moments of all processes together; the given ones are left as they are.

        Args:
            grid: those of this process.
            everywhere: whether all processes need the result; if not, only the main one has it.
        """
        return grid


class Launched(Processes):
    """One of several processes, each with a copy of both models."""

    def __init__(self) -> None:
        """Meet the others.

        Source: `accelerate.PartialState`, which chooses gloo or NCCL and this process's device.
        """
        # Imported here, because nothing else needs it; it carries no types.
        on_cpu = not torch.cuda.is_available() or os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true")
        state: Any = import_module("accelerate").PartialState(cpu=on_cpu)
        self.rank, self.count = int(state.process_index), int(state.num_processes)
        self._device = torch.device(state.device)
        # Threads of the group that still run when the interpreter goes down would abort it.
        atexit.register(_part)

    def gather(self, numbers: list[int]) -> list[list[int]]:
        """As `Processes.gather`."""
        own = torch.tensor(numbers, device=self._device)
        gathered = [torch.empty_like(own) for _ in range(self.count)]
        torch.distributed.all_gather(gathered, own)
        return [other.tolist() for other in gathered]

    def agree(self, wish: bool) -> bool:  # noqa: FBT001 - its one argument
        """As `Processes.agree`."""
        shared = torch.tensor([int(wish)], device=self._device)
        torch.distributed.broadcast(shared, 0)
        return bool(shared.item())

    def merge(self, grid: GridMoments, *, everywhere: bool = True) -> GridMoments:
        """As `Processes.merge`: one process after the other sends its sums to the main one."""
        state = grid.state()
        total = GridMoments.from_state(state, grid.device)
        for rank in range(1, self.count):
            if self.rank == rank:
                for _, tensor in sorted(state.items()):
                    torch.distributed.send(tensor.to(self._device), 0)
            elif self.main:
                total.merge(GridMoments.from_state(self._received(state, rank), grid.device))
        if not everywhere:
            return total
        shared = {}
        for name, tensor in sorted(total.state().items()):
            sent = tensor.to(self._device)
            torch.distributed.broadcast(sent, 0)
            shared[name] = sent
        return GridMoments.from_state(shared, grid.device)

    def _received(self, like: Mapping[str, Tensor], rank: int) -> dict[str, Tensor]:
        received = {}
        for name, tensor in sorted(like.items()):
            received[name] = torch.empty_like(tensor, device=self._device)
            torch.distributed.recv(received[name], rank)
        return received


@cache
def processes() -> Processes:
    """The processes that this one belongs to: several where a launcher says so in the environment."""
    return Launched() if any(int(os.environ.get(name, "1")) > 1 for name in _COUNTS) else Processes()


def _part() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
