"""The teacher for distillation: never shipped, so it may be slow."""

from .abpn import Abpn


class Teacher(Abpn):
    """ABPN's plan, wider and deeper: 64 channels, eight convolutions of them. About ten times its multiplications."""

    family = "teacher"
    title = "Teacher"

    def __init__(self, scale: int, channels: int = 1, **settings):
        super().__init__(scale, channels, width=64, depth=8, **settings)
