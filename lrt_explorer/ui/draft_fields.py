"""The fields in which a contrast set is written."""

import gradio as gr
from gradio.components import Component

PAIRS_SHOWN = "I would be delighted to help. | What do you want now?\nWould you kindly wait? | Wait."


class DraftFields:
    """The fields.

    Attributes:
        fields: in the order of `Draft`.
    """

    def __init__(self) -> None:
        """Lay them out."""
        with gr.Row():
            name = gr.Textbox(label="Name", info="of the concept", max_lines=1, min_width=150, elem_id="draft-name")
            high = gr.Textbox(
                label="With the behaviour",
                info="one word for these texts, such as polite",
                max_lines=1,
                min_width=150,
                elem_id="draft-high",
            )
            low = gr.Textbox(
                label="Without the behaviour",
                info="one word for these texts, such as rude",
                max_lines=1,
                min_width=150,
                elem_id="draft-low",
            )
        pairs = gr.Textbox(
            label="Pairs",
            info="one per line: text with the behaviour, a tab or ' | ', text without it; or paste two columns",
            placeholder=PAIRS_SHOWN,
            lines=5,
            max_lines=14,
            elem_id="draft-pairs",
        )
        with gr.Row():
            prompts = gr.Textbox(
                label="Readout prompts",
                info="optional, one per line; the next word shows the behaviour",
                placeholder="He turned to the waiter and said",
                lines=2,
                max_lines=8,
                min_width=240,
                elem_id="draft-prompts",
            )
            high_answers = gr.Textbox(
                label="Next words with it",
                info="optional, separated by commas",
                placeholder="please, thank",
                max_lines=2,
                min_width=170,
                elem_id="draft-high-answers",
            )
            low_answers = gr.Textbox(
                label="Next words without it",
                info="optional; empty means all other words",
                placeholder="hurry, now",
                max_lines=2,
                min_width=170,
                elem_id="draft-low-answers",
            )
        self.fields: list[Component] = [name, high, low, pairs, prompts, high_answers, low_answers]
