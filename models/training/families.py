"""The networks that can be trained, by the name of their family."""

from .networks import Abpn
from .xlsr import Xlsr

FAMILIES = {family.family: family for family in (Abpn, Xlsr)}
