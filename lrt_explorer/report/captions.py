"""How each figure and table of an evaluation is read, in a line or two of HTML."""

TABLE = (
    "Below each retention stands its 95 % interval: over prompts for one vector, over directions for the controls. "
    "Press a header to sort, a name to see the concept’s figures."
)
FOREST = (
    "<b>Retention</b> of each transferred vector with its interval, its controls below it. At 1 (line) all of the "
    "native effect came over, at 0 (dotted) none. A control whose interval holds 0 does nothing that is the concept’s."
)
DOSE = (
    "<b>Dose-response</b>: the mean readout over the held-out prompts at each strength; bands are 95 % bootstrap "
    "intervals over prompts. All arms are added at equal norm. Press an entry of the legend to hide its arm."
)
COST = (
    "<b>What it costs</b>: each arm followed from the lowest strength through 0 to the highest. To the right the model "
    "is more disturbed on prompts that have nothing to do with the concept; an arm that stays left of another at the "
    "same height is cheaper."
)
PROMPTS = (
    "<b>Prompt by prompt</b>: on the diagonal a prompt is moved as far by the transferred vector as by the native one. "
    "Below, those furthest beneath it and those furthest above."
)
ARMS = "<b>All arms</b>. What each of them is, and what every number means, is written in docs/evidence.md."
