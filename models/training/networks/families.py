"""The networks that can be trained, by the name of their family."""

from .abpn import Abpn
from .lpienet import Lpienet, SmallLpienet
from .plain import Plain
from .residuals import FeatureResidual, ImageResidual, WithoutResidual
from .stack import Best, Deblock, Stack, Swift, Ultra
from .teacher import Teacher
from .xlsr import Xlsr

SHIPPED = (Abpn, Xlsr, Swift, Best, Ultra, Deblock, Lpienet, Plain)
STUDIED = (SmallLpienet, WithoutResidual, FeatureResidual, ImageResidual, Teacher, Stack)
FAMILIES = {family.family: family for family in (*SHIPPED, *STUDIED)}
