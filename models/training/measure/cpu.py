"""This CPU's features."""

from pathlib import Path


def cpu_flags() -> set[str]:
    """The features by Linux's names; none where /proc/cpuinfo is missing."""
    cpuinfo = Path("/proc/cpuinfo")
    return set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()


def computes_bfloat16() -> bool:
    """True where the CPU multiplies bfloat16 itself. Others imitate it, which takes several times as long as float32."""
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & cpu_flags())
