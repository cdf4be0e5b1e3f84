"""How each figure and table of an evaluation is read, in a line or two of HTML."""

from markupsafe import Markup

TABLE = Markup(
    "Below each retention is its 95 % interval: over prompts for one vector, over directions for the controls. "
    "Click a header to sort, or a name to see that concept’s figures."
)
FOREST = Markup(
    "<b>Retention</b> of each transferred vector with its interval, and its controls below it. At 1 (line) the whole "
    "native effect came across, at 0 (dotted) none. A control whose interval contains 0 has no clear effect on the "
    "concept."
)
DOSE = Markup(
    "<b>Dose-response</b>: the mean readout over the held-out prompts at each strength. Bands are 95 % bootstrap "
    "intervals over prompts. All arms are added at equal norm. Click an entry of the legend to hide its arm."
)
COST = Markup(
    "<b>Cost</b>: each arm from the lowest strength through 0 to the highest. Further right, the model is more "
    "disturbed on prompts that have nothing to do with the concept. Of two arms at the same height, the one further "
    "left is cheaper."
)
PROMPTS = Markup(
    "<b>Prompt by prompt</b>: on the diagonal, the transferred vector moves a prompt as far as the native one does. "
    "Below are the prompts furthest beneath it and furthest above."
)
ARMS = Markup("<b>All arms</b>. docs/evidence.md explains each arm and every number.")
