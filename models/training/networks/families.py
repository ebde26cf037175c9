"""The networks that can be trained, by the name of their family."""

from .abpn import Abpn
from .residuals import FeatureResidual, ImageResidual, WithoutResidual
from .stack import Best, Stack, Swift
from .teacher import Teacher
from .xlsr import Xlsr

SHIPPED = (Abpn, Xlsr, Swift, Best)
STUDIED = (WithoutResidual, FeatureResidual, ImageResidual, Teacher, Stack)
FAMILIES = {family.family: family for family in (*SHIPPED, *STUDIED)}
