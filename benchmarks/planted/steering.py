"""Mistakes before anything is measured: in models, vectors, maps, and in what is asked for."""

from benchmarks.planted.mistake import planted

WORKED = "study/evaluation/test_worked_by_hand.py"

STEERING = (
    *planted(
        "study/steering/arms.py",
        WORKED,
        (
            "shuffled-maps-no-control",
            "            mapped=True,\n            control=True,",
            "            mapped=True,",
        ),
    ),
    *planted(
        "study/steering/arm_directions.py",
        "study/evaluation/test_evaluate.py::test_readouts_and_slopes_are_those_of_the_plain_dose_response",
        ("seed-of-random-arms-ignored", "random_vector(width, seed)", "random_vector(width, 0)"),
        ("offset-added-to-shuffled-controls", "as_in_paper=material.with_bias", "as_in_paper=True"),
    ),
    *planted(
        "study/steering/neutral.py",
        "study/steering/test_neutral.py",
        (
            "kl-reversed-on-neutral-text",
            "logprobs.exp() * (logprobs - reference)",
            "reference.exp() * (reference - logprobs)",
        ),
    ),
    *planted(
        "concepts/vectors.py",
        "concepts/test_vectors.py",
        ("seed-of-a-random-vector-ignored", "manual_seed(seed)", "manual_seed(0)"),
        ("addition-not-normalised", "strength * unit.value / unit.length(values)", "strength * unit.value"),
        (
            "offset-added-to-a-transferred-vector",
            "map.carry(vector.values, as_in_paper=as_in_paper)",
            "map(vector.values)",
        ),
        ("map-of-a-vector-not-told-from-others", " ({map.digest[:MAP_DIGITS]})", ""),
    ),
    *planted(
        "study/steering/brought.py",
        "study/steering/test_brought.py",
        ("whose-a-vector-is-guessed", "if side is None and len(possible) > 1:", "if side is None and not possible:"),
        (
            "foreign-vector-never-a-mapped-one",
            "if said.mapped_from or not said.fingerprint:",
            "if said.mapped_from:",
        ),
    ),
    *planted(
        "concepts/directions.py",
        "concepts/test_vectors.py",
        ("pair-differences-turned", "differences = positive - negative", "differences = negative - positive"),
    ),
    *planted(
        "concepts/readout.py",
        "concepts/test_readout.py",
        (
            "answers-swapped-in-the-readout",
            "torch.logsumexp(logits[chosen], 0) - torch.logsumexp(against, 0)",
            "torch.logsumexp(against, 0) - torch.logsumexp(logits[chosen], 0)",
        ),
    ),
    *planted(
        "linear/affine.py",
        "linear/test_affine.py",
        ("bias-added-to-a-direction", "self._apply(v, None)", "self._apply(v, self.bias)"),
        (
            "square-map-transposed",
            "torch.float64) @ self.weight",
            "torch.float64) @ (self.weight.T if self.d_small == self.d_large else self.weight)",
        ),
        (
            "square-maps-composed-the-other-way-round",
            "AffineMap(self.weight @ other.weight,",
            "AffineMap(other.weight @ self.weight if other.d_large == self.d_small else self.weight @ other.weight,",
        ),
        (
            "reachable-share-not-squared",
            "float((self._image @ unit(v)).square().sum())",
            "float((self._image @ unit(v)).norm())",
        ),
    ),
    *planted(
        "linear/scores.py",
        "linear/test_scores.py",
        ("standardised-r2-not-standardised", "float(by_dimension[varies].mean())", "over_all"),
        ("cosine-without-its-sign", "float(unit(a) @ unit(b))", "abs(float(unit(a) @ unit(b)))"),
    ),
    *planted(
        "linear/deviation.py",
        "linear/test_deviation.py",
        ("typical-deviation-as-plain-norm", "    centred = rows - rows.mean(0)\n", "    centred = rows\n"),
        ("typical-deviation-with-its-outliers", "centred[:, kept].norm", "centred.norm"),
    ),
    *planted(
        "lm/capture.py",
        "lm/test_capture.py",
        (
            "capture-one-layer-too-low",
            "lm.blocks[layer].register_forward_hook(hook)",
            "lm.blocks[max(layer - 1, 0)].register_forward_hook(hook)",
        ),
    ),
    *planted(
        "lm/steer.py",
        "lm/test_steer.py",
        ("steering-one-layer-too-low", "lm.blocks[layer]", "lm.blocks[max(layer - 1, 0)]"),
    ),
    *planted(
        "lm/likelihood.py",
        "lm/test_likelihood.py",
        ("likelihood-of-the-token-after", "[at - 1 for at in said]", "[min(at, nats.shape[1] - 1) for at in said]"),
    ),
    *planted(
        "study/fitting/distill.py",
        "study/fitting/test_distill.py::test_what_is_lowered_is_the_divergence_of_native_steering_from_mapped_and_not_the_other_way_round",
        ("kl-reversed-in-distillation", "kl_div(found, target,", "kl_div(target, found,"),
    ),
    *planted(
        "study/fitting/solve.py",
        "study/fitting/test_solve.py",
        ("r2-from-fit-rows", 'collected.counts, moments["report"]', 'collected.counts, moments["fit"]'),
        ("lambda-chosen-on-report-rows", '(moments["fit"], moments["select"])', '(moments["fit"], moments["report"])'),
    ),
    *planted(
        "study/fitting/controls.py",
        "study/fitting/test_controls.py",
        ("control-maps-not-shuffled", "Route(*layers, seed) for seed", "Route(*layers) for seed"),
    ),
    *planted(
        "study/fitting/collect.py",
        "study/fitting/test_controls.py",
        ("one-shuffle-for-all-control-maps", "manual_seed(shuffle * 1_000_003 + number)", "manual_seed(number)"),
    ),
    *planted(
        "study/suggest.py",
        "study/test_suggest.py::test_a_candidate_counts_by_its_map_and_by_what_steers_there",
        ("suggestion-without-the-native-effect", "self.agreement * self.native_effect", "self.agreement"),
    ),
    *planted(
        "plots/layers.py",
        "plots/test_layers.py",
        (
            "heat-map-turned",
            "(grid.cells[index].large_layer, grid.cells[index].small_layer): index for",
            "(grid.cells[index].small_layer, grid.cells[index].large_layer): index for",
        ),
    ),
    *planted(
        "workbench/badges.py",
        "workbench/test_badges.py",
        ("cka-under-the-name-of-r2", "        r2=info.r2,", "        r2=info.cka,"),
    ),
    *planted(
        "workbench/workbench.py",
        "workbench/test_screen_requests.py",
        (
            "picture-kept-without-its-settings",
            'return replace(session, own=""), settings',
            'return replace(session, own="")',
        ),
        ("strengths-dropped-in-the-tab", "                strengths=settings.strengths,\n", ""),
    ),
    *planted(
        "ui/steering_endpoints.py",
        "ui/test_api.py",
        ("strength-dropped-in-the-endpoint", "            strength=strength,\n", ""),
        ("strengths-dropped-in-the-endpoint", "tuple(strengths) if strengths else None", "None"),
    ),
    *planted(
        "cli/compare.py",
        "test_cli_options.py",
        ("strength-dropped-on-the-command-line", "        strength=options.strength,\n", ""),
    ),
)
