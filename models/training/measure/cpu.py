"""This CPU's features."""

from pathlib import Path


def cpu_flags() -> set[str]:
    """The features by Linux's names; none where /proc/cpuinfo is missing."""
    cpuinfo = Path("/proc/cpuinfo")
    return set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()
