"""Voices made to order, for looking at one side of the world at a time."""

from lrt_explorer.tinyworld import lexicon as lex
from lrt_explorer.tinyworld.voice import Voice


def plain_voice(**sides: bool) -> Voice:
    """A voice with every latent on its negative side but those given by name."""
    latents = {concept.name: sides.get(concept.name, False) for concept in lex.CONCEPTS}
    return Voice(latents, lex.NAMES[0], 0)
