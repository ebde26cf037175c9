"""The networks that can be trained, by the name of their family."""

from .networks import Abpn
from .residuals import FeatureResidual, ImageResidual, WithoutResidual
from .teacher import Teacher
from .xlsr import Xlsr

SHIPPED = (Abpn, Xlsr)
STUDIED = (WithoutResidual, FeatureResidual, ImageResidual, Teacher)
FAMILIES = {family.family: family for family in (*SHIPPED, *STUDIED)}
