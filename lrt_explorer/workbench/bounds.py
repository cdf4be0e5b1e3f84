"""What a request of the app may ask for, and where its maps are kept: the same on the screen and for programs."""

from pathlib import Path

from lrt_explorer.limits import check_limits
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.study.ground.world import World
from lrt_explorer.study.steering.also import check_also
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.fitting import FitSpec, Keep
from lrt_explorer.workbench.maps import keep_apart, keep_map
from lrt_explorer.workbench.own import Own


def check_comparison(spec: SteerSpec) -> None:
    """Raise SettingsError where a setting of a comparison is out of range."""
    check_limits(
        strength=spec.strength,
        seed=spec.seed,
        temperature=spec.temperature,
        max_new_tokens=spec.max_new_tokens,
        prompt=len(spec.prompt or ""),
    )
    check_limits(prompt=len(spec.ask or ""))
    check_also(spec.also)


def check_evidence(spec: EvidenceSpec) -> None:
    """Raise SettingsError where a setting of an evaluation is out of range."""
    asked = spec.settings
    check_limits(
        prompts=asked.prompts,
        strengths=None if asked.strengths is None else len(asked.strengths),
        concepts=None if spec.concepts is None else len(spec.concepts),
        seeds=asked.random_seeds,
        others=asked.other_concepts,
        tokens=spec.tokens,
    )
    for strength in asked.strengths or ():
        check_limits(strength=strength)


def kept_by(spec: FitSpec, world: World, own: Own | None) -> Keep:
    """How the app keeps a map: only the usual one of the pair's own corpus is what others find at its layers.

    Where visitors are strangers, none is: what one of them fits, at whatever quality, is no one else's map.
    """

    def keep(fitted: FittedMap) -> Path:
        if own is not None:
            return keep_apart(fitted, own.maps)
        if spec.corpus is None and spec.estimator(world) == world.estimator:
            return keep_map(fitted)
        return keep_apart(fitted, "solved" if spec.corpus is None else "own-text")

    return keep
