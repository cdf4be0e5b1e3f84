"""Mistakes between the measurements of a concept and what a reader sees of them."""

from benchmarks.planted.mistake import planted

WORKED = "study/evaluation/test_worked_by_hand.py"
SHOWN = "study/evaluation/test_worked_by_hand_shown.py"

EVIDENCE = (
    *planted(
        "study/evaluation/arms.py",
        "study/evaluation/test_arms.py",
        (
            "given-labels-rounded-otherwise-than-drawn-ones",
            'if other_way or "large" in brought:\n        native[0] = own',
            "native[0] = own * (1 + 1e-4)",
        ),
    ),
    *planted(
        "study/evaluation/arms.py",
        "study/evaluation/test_other_pairs.py",
        ("pairs-that-one-model-left-out-relabelled", "    if ours.same_pairs(theirs):\n", "    if True:\n"),
    ),
    *planted(
        "study/steering/ordinary.py",
        "study/steering/test_ordinary.py",
        ("attention-sinks-among-ordinary-states", "rows[ordinary_rows(rows)]", "rows"),
    ),
    *planted(
        "workbench/evidence.py",
        "workbench/test_control_text.py",
        ("untrained-model-reads-less-than-the-map", "max(tokens, saved.info.tokens_used)", "tokens"),
    ),
    *planted(
        "study/evaluation/evidence.py",
        WORKED,
        ("perplexity-without-exp", "float(np.exp(nats))", "float(nats)"),
        ("anti-steerable-turned", "(of_prompts < 0)", "(of_prompts > 0)"),
        ("r-with-strength-0", " if grid[at] != 0]", "]"),
        (
            "r-of-changes-from-raw-readouts",
            "effects[own[0]], effects[own[1]]",
            "measured.readouts[own[0]], measured.readouts[own[1]]",
        ),
        ("controls-without-shuffled-maps", "if arm in CONTROLS", "if arm == RANDOM"),
        (
            "retention-inverted",
            "else ratio_interval(of_clusters, native)",
            "else ratio_interval(native, of_clusters)",
        ),
        (
            "controls-over-prompts",
            "sample_interval(of_directions) if several",
            "mean_interval(of_clusters, draws) if several",
        ),
        (
            "cost-summed-over-neutral-prompts",
            "tuple(measured.kl[rows].mean((0, 2)).tolist())",
            "tuple(measured.kl[rows].sum(2).mean(0).tolist())",
        ),
        (
            "forms-of-controls-ignored",
            "clusters.means(prompt_slopes[[row for row, arm in enumerate(measured.arms) if arm in CONTROLS]]).mean(1)",
            "prompt_slopes[[row for row, arm in enumerate(measured.arms) if arm in CONTROLS]].mean(1)",
        ),
        (
            "forms-ignored",
            "clusters.means(prompt_slopes[of_arm[arm][0]]) for arm",
            "prompt_slopes[of_arm[arm][0]] for arm",
        ),
        ("seed-of-the-bootstrap-ignored", "resamples(clusters.count, seed)", "resamples(clusters.count, 0)"),
    ),
    *planted(
        "study/evaluation/verdict.py",
        WORKED,
        ("native-test-one-sided", "min(1.0, 2 * mean_above_zero(sign * native))", "mean_above_zero(sign * native)"),
        ("relabelled-pairs-ignored", "permuted[1] if permuted else 0.0", "0.0"),
        ("alpha-raised", "ALPHA = 0.05", "ALPHA = 0.1"),
        ("alpha-lowered", "ALPHA = 0.05", "ALPHA = 0.01"),
        ("share-of-transfers-lowered", "MOST = 0.75", "MOST = 0.5"),
        ("share-of-transfers-raised", "MOST = 0.75", "MOST = 0.8"),
    ),
    *planted(
        "study/evaluation/statistics.py",
        WORKED,
        ("fieller-errors-swapped", "bottom**2 - square * errors[1, 1]", "bottom**2 - square * errors[0, 0]"),
        ("relabelled-pairs-one-sided", "(np.abs(slopes) >= abs(slopes[0])", "(slopes >= abs(slopes[0])"),
        ("interval-of-90-percent", "LEVEL = 0.95", "LEVEL = 0.9"),
    ),
    *planted(
        "study/evaluation/statistics.py",
        "study/evaluation/test_statistics.py",
        ("holm-without-steps", "np.arange(len(raw), 0, -1)", "len(raw)"),
    ),
    *planted(
        "study/evaluation/cost.py",
        WORKED,
        (
            "equal-cost-read-off-the-other-arm",
            "native, transferred = (float(_first_at(*path, cost)) for path in paths)",
            "native, transferred = (float(_first_at(*path, cost)) for path in paths[::-1])",
        ),
        (
            "equal-cost-not-interpolated",
            "share * (effects[after] - effects[after - 1])",
            "(effects[after] - effects[after - 1])",
        ),
        ("effect-at-equal-cost-without-its-sign", "towards * effects, kl", "effects, kl"),
    ),
    *planted(
        "study/evaluation/written.py",
        "study/evaluation/test_evaluate.py::test_texts_are_as_surprising_as_they_are_after_the_plain_prompt",
        (
            "perplexity-after-the-words-of-the-baseline",
            "continuation_nats(large, prompts, texts)",
            "continuation_nats(large, read, texts)",
        ),
    ),
    *planted(
        "study/evaluation/measure.py",
        "study/evaluation/test_evaluate.py::test_the_direct_path_is_steering_after_the_last_block",
        (
            "direct-arms-steered-through-the-blocks",
            "moving & through[:, None], moving & ~through[:, None]",
            "moving, torch.zeros_like(moving)",
        ),
    ),
    *planted(
        "concepts/relabelled.py",
        "concepts/test_relabelled.py",
        (
            "labels-kept-where-they-should-be-swapped",
            "torch.where(swapped, states.negative, states.positive)",
            "states.positive",
        ),
        ("more-labels-kept-than-swapped", "draws < 2 * half", "draws < pairs"),
    ),
    *planted(
        "study/evaluation/kept.py",
        "study/evaluation/test_kept.py::test_the_key_knows_the_precision_of_both_models",
        ("key-without-dtype-of-the-small-model", "str(case.small.model.dtype), ", ""),
        ("key-without-dtype-of-the-large-model", "str(case.large.model.dtype), ", ""),
    ),
    *planted(
        "study/evaluation/document.py",
        WORKED,
        (
            "ends-of-a-band-swapped-in-the-document",
            '"readout_low": [finite(band.low)',
            '"readout_low": [finite(band.high)',
        ),
        ("claims-swapped-in-the-document", '"p_partly": verdict.partly', '"p_partly": verdict.transfers'),
        (
            "anti-steerable-of-the-native-vector",
            "evidence.arm(TRANSFERRED).anti_steerable",
            'evidence.arm("random").anti_steerable',
        ),
    ),
    *planted(
        "report/sheet.py",
        SHOWN,
        (
            "counts-swapped-in-the-sheet",
            '"directions": len(arm["directions"]),\n        "prompts": len(concept["prompts"])',
            '"directions": len(concept["prompts"]),\n        "prompts": len(arm["directions"])',
        ),
        (
            "columns-swapped-in-the-sheet",
            "**{name: arm[name] for name in _ARM}",
            "**dict(zip(_ARM, (arm[name] for name in sorted(_ARM)), strict=True))",
        ),
    ),
    *planted(
        "report/tables.py",
        SHOWN,
        (
            "native-and-transferred-swapped-in-the-table",
            "arms[NATIVE], arms[TRANSFERRED]",
            "arms[TRANSFERRED], arms[NATIVE]",
        ),
        ("low-and-high-cost-swapped-in-the-table", "    low, high = (evidence", "    high, low = (evidence"),
    ),
    *planted(
        "report/words.py",
        SHOWN,
        (
            "claims-swapped-in-the-sentence",
            "native {_p(verdict.native)}, partly {_p(verdict.partly)}",
            "native {_p(verdict.partly)}, partly {_p(verdict.native)}",
        ),
    ),
    *planted(
        "plots/evidence_forest.py",
        SHOWN,
        ("upper-end-in-the-forest", "min(arm.retention.high, high)", "min(arm.retention.value, high)"),
    ),
    *planted(
        "plots/evidence_prompts.py",
        SHOWN,
        (
            "axes-swapped-in-the-prompts",
            '"x": [one.native for one in prompts]',
            '"x": [one.transferred for one in prompts]',
        ),
    ),
    *planted(
        "plots/evidence_cost.py",
        SHOWN,
        ("readout-in-place-of-its-change-in-the-cost", "[band.value - unsteered for", "[band.value for"),
    ),
    *planted(
        "plots/evidence_dose.py",
        SHOWN,
        ("band-without-its-upper-end", "(band.high for band in arm.readout)", "(band.low for band in arm.readout)"),
    ),
    *planted(
        "study/evaluation/whole_texts.py",
        "study/evaluation/test_whole_texts.py",
        ("whole-texts-judged-by-their-own-vectors", "if not bool(part[place])", "if bool(part[place])"),
        (
            "whole-texts-without-one-side",
            "(found[0] - found[1]) / (2 * strength)",
            "(found[0] - plain.mean()) / strength",
        ),
        (
            "whole-texts-counted-from-their-first-token",
            "prompts += [framed(lm, ask, shared)] * 2",
            'prompts += [""] * 2',
        ),
    ),
    *planted(
        "study/evaluation/arms.py",
        "study/evaluation/test_other_pairs.py",
        (
            "other-pairs-with-its-own-among-them",
            "for other in case.others:\n        yield",
            "for other in (*case.others, case.concept):\n        yield",
        ),
    ),
    *planted(
        "linear/procrustes.py",
        "linear/test_procrustes.py",
        ("differences-centred", "torch.cat([x, -x]), torch.cat([y, -y])", "x, y"),
    ),
)
