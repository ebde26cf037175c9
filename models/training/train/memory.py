"""Memory of the process: freed blocks are kept for the next step."""

import ctypes
import sys

MMAP_MAX, TRIM_THRESHOLD, TOP_PAD = -4, -1, -2
"""glibc's mallopt(3): M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD."""


def keep_freed_memory() -> None:
    """Have glibc hold on to freed memory instead of giving it back to the kernel.

    PyTorch frees every activation in each step. A block of several megabytes goes back to the kernel at once, and
    the next step pays a page fault for each 4 KiB of it again: a tenth of a training step. Other C libraries are left
    as they are.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, 2**31 - 1)
        mallopt(TOP_PAD, 64 << 20)
