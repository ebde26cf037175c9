"""Settings that every training of a network on photographs has, as the command line and checkpoints hold them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The fields of every recipe; a recipe adds its own, and may give another default."""

    batch: int = 16
    float32_from: float = 0.9
    """Share of the steps after which bfloat16 is not used any more. It is never used on a CPU that does not compute it itself."""
    ema: float = 0.999
    """Decay of the running average of the weights, which is what is shipped."""
    sizes: tuple[float, ...] = (1.0, 0.7, 0.5)
    """The sizes to which photographs are reduced before crops are cut from them."""
    lossy_sizes: tuple[float, ...] = (0.8, 0.6, 0.45)
    """The sizes for photographs that come in JPEG or WebP; with none, those of all."""
    frames: float = 0.0
    """Share of crops with a border along some of their sides (`data.borders`)."""
    seed: int = 1


def as_fields(stored: dict) -> dict:
    """The fields of a recipe, of what a checkpoint or a card holds of it: lists there are tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
