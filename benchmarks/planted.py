"""The mistakes that `benchmarks/mistakes.py` plants: what someone could turn around without any error."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A mistake that a test should notice.

    Attributes:
        name: what it is called on the command line.
        file: the source it is planted in, from the repository's root.
        text: what stands there, exactly once.
        instead: what is planted in its place.
        tests: files, or single tests, one of which should fail.
    """

    name: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]


WORKED = "tests/study/evaluation/test_worked_by_hand.py"
SHOWN = "tests/study/evaluation/test_worked_by_hand_shown.py"

MISTAKES = (
    Mistake(
        "perplexity-without-exp",
        "lrt_explorer/study/evaluation/evidence.py",
        "float(np.exp(nats))",
        "float(nats)",
        (WORKED,),
    ),
    Mistake(
        "anti-steerable-turned",
        "lrt_explorer/study/evaluation/evidence.py",
        "(of_prompts < 0)",
        "(of_prompts > 0)",
        (WORKED,),
    ),
    Mistake(
        "r-with-strength-0",
        "lrt_explorer/study/evaluation/evidence.py",
        " if grid[at] != 0]",
        "]",
        (WORKED,),
    ),
    Mistake(
        "r-of-changes-from-raw-readouts",
        "lrt_explorer/study/evaluation/evidence.py",
        "effects[own[0]], effects[own[1]]",
        "measured.readouts[own[0]], measured.readouts[own[1]]",
        (WORKED,),
    ),
    Mistake(
        "controls-without-shuffled-maps",
        "lrt_explorer/study/evaluation/evidence.py",
        "if arm in CONTROLS",
        "if arm == RANDOM",
        (WORKED,),
    ),
    Mistake(
        "shuffled-maps-are-no-control",
        "lrt_explorer/study/steering/arms.py",
        '            marker="square-open",\n            dash="dot",\n            control=True,',
        '            marker="square-open",\n            dash="dot",',
        (WORKED,),
    ),
    Mistake(
        "native-test-one-sided",
        "lrt_explorer/study/evaluation/verdict.py",
        "min(1.0, 2 * mean_above_zero(sign * native))",
        "mean_above_zero(sign * native)",
        (WORKED,),
    ),
    Mistake(
        "native-and-transferred-swapped-in-the-table",
        "lrt_explorer/report/tables.py",
        "arms[NATIVE], arms[TRANSFERRED]",
        "arms[TRANSFERRED], arms[NATIVE]",
        (SHOWN,),
    ),
    Mistake(
        "low-and-high-cost-swapped-in-the-table",
        "lrt_explorer/report/tables.py",
        "    low, high = (evidence",
        "    high, low = (evidence",
        (SHOWN,),
    ),
    Mistake(
        "upper-end-in-the-forest",
        "lrt_explorer/plots/evidence_forest.py",
        "min(arm.retention.high, high)",
        "min(arm.retention.value, high)",
        (SHOWN,),
    ),
    Mistake(
        "alpha-raised",
        "lrt_explorer/study/evaluation/verdict.py",
        "ALPHA = 0.05",
        "ALPHA = 0.1",
        (WORKED,),
    ),
    Mistake(
        "alpha-lowered",
        "lrt_explorer/study/evaluation/verdict.py",
        "ALPHA = 0.05",
        "ALPHA = 0.01",
        (WORKED,),
    ),
    Mistake(
        "share-for-transfers-lowered",
        "lrt_explorer/study/evaluation/verdict.py",
        "MOST = 0.75",
        "MOST = 0.5",
        (WORKED,),
    ),
    Mistake(
        "seed-of-random-arms-ignored",
        "lrt_explorer/study/steering/arm_directions.py",
        "random_vector(width, seed)",
        "random_vector(width, 0)",
        ("tests/study/evaluation/test_evaluate.py",),
    ),
    Mistake(
        "seed-of-a-random-vector-ignored",
        "lrt_explorer/concepts/vectors.py",
        "manual_seed(seed)",
        "manual_seed(0)",
        ("tests/concepts/test_vectors.py",),
    ),
    Mistake(
        "picture-kept-without-its-settings",
        "lrt_explorer/workbench/workbench.py",
        "key = (session, settings)",
        "key = session",
        ("tests/workbench/test_pictures.py",),
    ),
    Mistake(
        "key-without-dtype-of-the-small-model",
        "lrt_explorer/study/evaluation/kept.py",
        "str(case.small.model.dtype), ",
        "",
        ("tests/study/evaluation/test_kept.py",),
    ),
    Mistake(
        "key-without-dtype-of-the-large-model",
        "lrt_explorer/study/evaluation/kept.py",
        "str(case.large.model.dtype), ",
        "",
        ("tests/study/evaluation/test_kept.py",),
    ),
    Mistake(
        "kl-reversed-in-distillation",
        "lrt_explorer/study/fitting/distill.py",
        "kl_div(found, target,",
        "kl_div(target, found,",
        ("tests/study/fitting/test_distill.py",),
    ),
    Mistake(
        "r2-from-fit-rows",
        "lrt_explorer/study/fitting/solve.py",
        'collected.counts, moments["report"]',
        'collected.counts, moments["fit"]',
        ("tests/study/fitting/test_solve.py",),
    ),
    Mistake(
        "lambda-chosen-on-report-rows",
        "lrt_explorer/study/fitting/solve.py",
        '(moments["fit"], moments["select"])',
        '(moments["fit"], moments["report"])',
        ("tests/study/fitting/test_solve.py",),
    ),
    Mistake(
        "strength-dropped-in-the-endpoint",
        "lrt_explorer/ui/api.py",
        "                strength=strength,\n",
        "",
        ("tests/ui/test_api.py",),
    ),
    Mistake(
        "strengths-dropped-in-the-endpoint",
        "lrt_explorer/ui/api.py",
        "tuple(strengths) if strengths else None",
        "None",
        ("tests/ui/test_api.py",),
    ),
    Mistake(
        "kl-reversed-on-neutral-text",
        "lrt_explorer/study/steering/neutral.py",
        "logprobs.exp() * (logprobs - reference)",
        "reference.exp() * (reference - logprobs)",
        ("tests/study/steering/test_neutral.py",),
    ),
    Mistake(
        "bias-added-to-a-direction",
        "lrt_explorer/linear/affine.py",
        "self._apply(v, None)",
        "self._apply(v, self.bias)",
        ("tests/linear/test_affine.py",),
    ),
    Mistake(
        "map-transposed-where-it-is-square",
        "lrt_explorer/linear/affine.py",
        "torch.float64) @ self.weight",
        "torch.float64) @ (self.weight.T if self.d_small == self.d_large else self.weight)",
        ("tests/linear/test_affine.py",),
    ),
    Mistake(
        "composition-transposed-where-it-is-square",
        "lrt_explorer/linear/affine.py",
        "AffineMap(self.weight @ other.weight,",
        "AffineMap(other.weight @ self.weight,",
        ("tests/linear/test_affine.py",),
    ),
    Mistake(
        "retention-inverted",
        "lrt_explorer/study/evaluation/evidence.py",
        "else ratio_interval(of_prompts, native)",
        "else ratio_interval(native, of_prompts)",
        (WORKED,),
    ),
    Mistake(
        "interval-of-controls-over-prompts",
        "lrt_explorer/study/evaluation/evidence.py",
        "sample_interval(of_directions) if several",
        "mean_interval(of_prompts, draws) if several",
        (WORKED,),
    ),
    Mistake(
        "standardised-r2-not-standardised",
        "lrt_explorer/linear/scores.py",
        "float(by_dimension[varies].mean())",
        "over_all",
        ("tests/linear/test_scores.py",),
    ),
    Mistake(
        "typical-deviation-as-plain-norm",
        "lrt_explorer/linear/deviation.py",
        "    centred = rows - rows.mean(0)\n",
        "    centred = rows\n",
        ("tests/linear/test_deviation.py",),
    ),
    Mistake(
        "typical-deviation-with-its-outliers",
        "lrt_explorer/linear/deviation.py",
        "centred[:, kept].norm",
        "centred.norm",
        ("tests/linear/test_deviation.py",),
    ),
    Mistake(
        "capture-one-layer-too-low",
        "lrt_explorer/lm/capture.py",
        "lm.blocks[layer].register_forward_hook(hook)",
        "lm.blocks[max(layer - 1, 0)].register_forward_hook(hook)",
        ("tests/lm/test_capture.py",),
    ),
    Mistake(
        "steering-one-layer-too-low",
        "lrt_explorer/lm/steer.py",
        "lm.blocks[layer]",
        "lm.blocks[max(layer - 1, 0)]",
        ("tests/lm/test_steer.py",),
    ),
    Mistake(
        "control-maps-not-shuffled",
        "lrt_explorer/study/fitting/controls.py",
        "Route(*layers, seed) for seed",
        "Route(*layers) for seed",
        ("tests/study/fitting/test_controls.py",),
    ),
    Mistake(
        "strangers-from-the-same-tokens",
        "lrt_explorer/study/fitting/collect.py",
        "update(small[route.small_layer][held], strangers[held])",
        "update(small[route.small_layer][held], self._earlier[route.large_layer][held])",
        ("tests/study/fitting/test_fit.py",),
    ),
    Mistake(
        "fiellers-errors-swapped",
        "lrt_explorer/study/evaluation/statistics.py",
        "bottom**2 - square * errors[1, 1]",
        "bottom**2 - square * errors[0, 0]",
        (WORKED,),
    ),
    Mistake(
        "equal-cost-read-off-the-other-arm",
        "lrt_explorer/study/evaluation/cost.py",
        "native, transferred = (float(_first_at(*path, cost)) for path in paths)",
        "native, transferred = (float(_first_at(*path, cost)) for path in paths[::-1])",
        (WORKED,),
    ),
    Mistake(
        "equal-cost-at-the-higher-end",
        "lrt_explorer/study/evaluation/cost.py",
        "share * (effects[after] - effects[after - 1])",
        "(effects[after] - effects[after - 1])",
        (WORKED,),
    ),
    Mistake(
        "holm-without-steps",
        "lrt_explorer/study/evaluation/statistics.py",
        "np.arange(len(raw), 0, -1)",
        "len(raw)",
        ("tests/study/evaluation/test_statistics.py",),
    ),
    Mistake(
        "counts-swapped-in-the-sheet",
        "lrt_explorer/report/sheet.py",
        '"directions": len(arm["directions"]),\n        "prompts": len(concept["prompts"])',
        '"directions": len(concept["prompts"]),\n        "prompts": len(arm["directions"])',
        (SHOWN,),
    ),
    Mistake(
        "ends-of-a-band-swapped-in-the-document",
        "lrt_explorer/study/evaluation/document.py",
        '"readout_low": [_finite(band.low)',
        '"readout_low": [_finite(band.high)',
        (WORKED,),
    ),
    Mistake(
        "claims-swapped-in-the-document",
        "lrt_explorer/study/evaluation/document.py",
        '"p_partly": verdict.partly',
        '"p_partly": verdict.transfers',
        (WORKED,),
    ),
    Mistake(
        "axes-swapped-in-the-prompts",
        "lrt_explorer/plots/evidence_prompts.py",
        '"x": [one.native for one in prompts]',
        '"x": [one.transferred for one in prompts]',
        (SHOWN,),
    ),
    Mistake(
        "effect-against-nothing-in-the-cost-figure",
        "lrt_explorer/plots/evidence_cost.py",
        "[band.value - unsteered for",
        "[band.value for",
        (SHOWN,),
    ),
    Mistake(
        "band-turned-in-the-dose-response",
        "lrt_explorer/plots/evidence_dose.py",
        "(band.high for band in arm.readout)",
        "(band.low for band in arm.readout)",
        (SHOWN,),
    ),
    Mistake(
        "answers-swapped-in-the-readout",
        "lrt_explorer/concepts/readout.py",
        "torch.logsumexp(logits[chosen], 0) - torch.logsumexp(against, 0)",
        "torch.logsumexp(against, 0) - torch.logsumexp(logits[chosen], 0)",
        ("tests/concepts/test_readout.py",),
    ),
    Mistake(
        "addition-not-normalised",
        "lrt_explorer/concepts/vectors.py",
        "strength * unit.value / unit.length(values)",
        "strength * unit.value",
        ("tests/concepts/test_vectors.py",),
    ),
    Mistake(
        "offset-added-in-a-transfer",
        "lrt_explorer/concepts/vectors.py",
        "if as_in_paper else map.direction(vector.values)",
        "if as_in_paper else map(vector.values)",
        ("tests/concepts/test_vectors.py",),
    ),
    Mistake(
        "reachable-share-not-squared",
        "lrt_explorer/linear/affine.py",
        "(self._image @ unit(v)).square().sum()",
        "(self._image @ unit(v)).norm()",
        ("tests/linear/test_affine.py",),
    ),
)
