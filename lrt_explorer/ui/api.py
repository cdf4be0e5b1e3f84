"""What other programs can ask of a running app: plain functions with plain answers, the same as on the command line."""

from typing import Any

import gradio as gr
from gradio.events import api

from lrt_explorer.defaults import MAX_NEW_TOKENS
from lrt_explorer.errors import LRTError
from lrt_explorer.study.progress import finish
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.setup_panel import MODEL_WORK, PARALLEL
from lrt_explorer.workbench.session import SteerSettings


def add_api(engine: Engine) -> None:
    """Offer the studies under their names; to be called inside the app's blocks."""

    def compare(
        small: str,
        large: str,
        concept: str,
        prompt: str,
        strength: float | None = None,
        seed: int = 0,
        max_new_tokens: int = MAX_NEW_TOKENS,
        temperature: float | None = None,
    ) -> dict[str, Any]:
        """Write the large model's text unsteered and under its native, the transferred and a random vector.

        Args:
            small: model that the vector comes from; a preset, a folder, a GGUF file or a hub id.
            large: model that is steered.
            concept: name of a concept that ships for these models.
            prompt: shared start of all texts.
            strength: in typical deviations; by default calibrated for the native vector.
            seed: of the sampling.
            max_new_tokens: length of each text.
            temperature: 0 is greedy; by default what suits the pair.
        """
        settings = SteerSettings(
            concept, prompt, strength, seed, temperature, max_new_tokens, reading="", as_in_paper=False
        )
        return compared(engine, small, large, settings)

    def pairs() -> dict[str, Any]:
        """List the pairs of models with the concepts that ship for each, and say what those of the first pair are."""
        return {
            "pairs": [
                {"name": card.name, "small": card.small, "large": card.large, "concepts": list(card.concepts)}
                for card in engine.pairs()
            ],
            "concepts": [{"name": card.name, "description": card.description} for card in engine.concepts(None)],
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
        # A program asks once, so it gets the vectors of all pairs, as the command line does.
        finish(engine.read_all(session, settings.concept, settings.reading, settings.vectors))
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
