"""An estimator whose author forgot its unit."""

from lrt_explorer.study.estimators import Estimator

FORGETFUL = Estimator(name="forgetful", label="Forgetful", help="forgets its unit", function="lrt_forgetful:fit")
