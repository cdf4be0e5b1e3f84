"""The mistakes that `benchmarks/mistakes.py` plants: what someone could turn around without any error."""

from benchmarks.planted.evidence import EVIDENCE
from benchmarks.planted.mistake import Mistake as Mistake
from benchmarks.planted.steering import STEERING

MISTAKES: tuple[Mistake, ...] = (*EVIDENCE, *STEERING)
