"""Whether the hub has a model, asked once and quickly, and what it means when it refuses."""

from huggingface_hub import HfApi
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.presets import MODELS
from lrt_explorer.lm.summary import cached_folder

SECONDS_TO_ANSWER = 10.0


def only_on_disk(name: str, hub_id: str) -> bool:
    """Whether a model is to be read from the hub's cache on this disk alone, because the hub cannot be reached.

    The library would ask again and again, file after file; without a network that takes minutes.

    Raises:
        ModelError: if the hub has no such model, or can neither be reached nor is the model on this disk.
    """
    try:
        HfApi().model_info(hub_id, timeout=SECONDS_TO_ANSWER)
    except (HFValidationError, RepositoryNotFoundError) as error:
        if not isinstance(error, GatedRepoError):
            raise ModelError(_unknown(name)) from error
    except Exception as error:  # the hub's client passes on whatever its HTTP library of the day raises
        if cached_folder(hub_id) is None:
            raise ModelError(_unreachable(name)) from error
        return True
    return False


def explain_refusal(name: str, error: BaseException) -> str | None:
    """One sentence for an error that stems from the hub refusing or not answering; None for any other error."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, GatedRepoError):
            preset = MODELS.get(name)
            licence = "" if preset is None else f" ({preset.licence})"
            page = "its page" if preset is None else f"the page of {preset.where}"
            return (
                f"{name} is gated: accept its licence{licence} on {page} on the hub, then log in with `hf auth login`"
            )
        if isinstance(chain, RepositoryNotFoundError):
            return _unknown(name)
        if isinstance(chain, LocalEntryNotFoundError | OfflineModeIsEnabled):
            return _unreachable(name)
        chain = chain.__cause__ or chain.__context__
    return None


def _unknown(name: str) -> str:
    if (preset := MODELS.get(name)) is not None:
        return f"the hub does not show {preset.where}, which {name} stands for; log in with `hf auth login`"
    return f"{name} is neither a preset, nor a folder, nor reachable on the hub; check the name or the network"


def _unreachable(name: str) -> str:
    preset = MODELS.get(name)
    if preset is None:
        return _unknown(name)
    licence = f", after accepting the {preset.licence} there" if preset.gated else ""
    return (
        f"{name} is not on this machine and the hub cannot be reached; connect once{licence}, or download "
        f"{preset.where} with `hf download {preset.where}`"
    )
