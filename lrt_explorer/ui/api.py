"""What other programs can ask of a running app: plain functions with plain answers, the same as on the command line."""

from typing import Any

import gradio as gr
from gradio.events import api

from lrt_explorer.errors import LRTError
from lrt_explorer.study.progress import finish
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.session import SteerSettings
from lrt_explorer.ui.setup_panel import MODEL_WORK, PARALLEL


def add_api(engine: Engine) -> None:
    """Offer the studies under their names; to be called inside the app's blocks."""

    def compare(
        small: str,
        large: str,
        concept: str,
        prompt: str,
        strength: float | None = None,
        seed: int = 0,
        max_new_tokens: int = 48,
        temperature: float | None = None,
    ) -> dict[str, Any]:
        """Write the large model's text unsteered and under its native, the transferred and a random vector.

        Args:
            small: model that the vector comes from; a preset, a folder or a hub id.
            large: model that is steered.
            concept: name of a shipped concept.
            prompt: shared start of all texts.
            strength: in typical deviations; by default calibrated for the native vector.
            seed: of the sampling.
            max_new_tokens: length of each text.
            temperature: 0 takes the likeliest token; by default 0 within the demo family and 0.7 elsewhere.
        """
        settings = SteerSettings(
            concept, prompt, strength, seed, temperature, max_new_tokens, reading="", as_in_paper=False
        )
        return compared(engine, small, large, settings)

    def pairs() -> dict[str, Any]:
        """List the pairs of models and the concepts that are known by name."""
        return {
            "pairs": [{"name": card.name, "small": card.small, "large": card.large} for card in engine.pairs()],
            "concepts": [{"name": card.name, "description": card.description} for card in engine.concepts()],
        }

    api(compare, api_name="compare", concurrency_id=MODEL_WORK, concurrency_limit=PARALLEL)
    api(pairs, api_name="pairs")


def compared(engine: Engine, small: str, large: str, settings: SteerSettings) -> dict[str, Any]:
    """One comparison as JSON.

    Raises:
        gr.Error: with the one sentence that people would see on the screen.
    """
    try:
        session = finish(engine.open(small, large))
        comparison = finish(engine.compare(session, settings))
    except LRTError as error:
        raise gr.Error(str(error), print_exception=False) from error
    return {
        **comparison.settings,
        "prompt": comparison.prompt,
        "strength": comparison.strength,
        "coefficient": comparison.coefficient,
        "arms": [
            {
                "name": arm.name,
                "text": arm.text,
                "score": arm.score,
                "readout": arm.readout,
                "strength": arm.strength,
                "coefficient": arm.coefficient,
            }
            for arm in comparison.arms
        ],
    }
