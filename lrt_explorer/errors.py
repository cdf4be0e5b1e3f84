"""The errors a user may meet: each says in one sentence what is wrong and what to do."""


class LRTError(Exception):
    """Base of every error that is shown to a user as its message alone, without a traceback."""


class ModelError(LRTError):
    """A model could not be found, read or understood."""


class MapError(LRTError):
    """A map could not be fitted or applied."""


class ArtifactError(LRTError):
    """A saved artifact is missing, damaged, or belongs to something else."""


class ContrastError(LRTError):
    """A contrast set is empty, one-sided or malformed."""


class VectorError(LRTError):
    """A steering vector has the wrong size, no length, or numbers that are not finite."""


class SettingsError(LRTError):
    """A setting is out of range."""


class RegistryError(LRTError):
    """An entry of a table lacks a part, or its name is taken."""


class PromptError(LRTError):
    """A prompt is empty or does not fit into the model's context."""


class BusyError(LRTError):
    """There is too much to do just now."""


class CancelledError(LRTError):
    """The user stopped the work; what was already computed is kept."""


def first_line(error: BaseException) -> str:
    """What a library says, cut to what fits into a sentence of ours."""
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    sentence = line.split(". ")[0].strip().rstrip(".")
    return sentence if len(sentence) <= 160 else sentence[:157] + "..."
