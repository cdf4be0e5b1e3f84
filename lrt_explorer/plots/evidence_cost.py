"""What an effect costs: how far every arm moves the readout against how much it disturbs the model."""

import plotly.graph_objects as go

from lrt_explorer.numerals import signed
from lrt_explorer.plots.evidence import arm_style, back_to_front, cost, frame, line, unit
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.steering.arms import PROMPT, UNSTEERED

HEIGHT = 560


def cost_figure(evidence: ConceptEvidence) -> go.Figure:
    """Change of the readout against KL on neutral prompts, both against unsteered; each arm is followed along s.

    Arms to which nothing is added have no cost that could be drawn, and are left out.
    """
    unsteered = evidence.arm(UNSTEERED).readout[0].value
    counted = unit(evidence)
    figure = go.Figure()
    for arm in back_to_front(evidence):
        if arm.name in (UNSTEERED, PROMPT):
            continue
        label = arm_style(arm.name).label
        changes = [band.value - unsteered for band in arm.readout]
        hover = [
            f"{label}, s = {signed(s)}: {signed(change)} {counted} at a KL of {cost(kl)} nats"
            for s, change, kl in zip(evidence.strengths, changes, arm.kl, strict=True)
        ]
        figure.add_trace(line(arm, arm.kl, changes, hover))
    figure.update_layout(
        **frame(
            {"title": {"text": "cost: KL on neutral prompts, nats", "standoff": 8}, "rangemode": "tozero"},
            {"title": {"text": f"change of readout, {counted}", "standoff": 6}, "zeroline": True},
            HEIGHT,
        )
    )
    return figure
