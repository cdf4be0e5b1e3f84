"""Where a model goes and in which precision: one value for the app, the command line and Python."""

import os
from dataclasses import dataclass

import torch

from lrt_explorer.errors import ModelError, first_line

AUTO = "auto"
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
ENVIRONMENT = {
    "device": "LRT_EXPLORER_DEVICE",
    "dtype": "LRT_EXPLORER_DTYPE",
    "device_map": "LRT_EXPLORER_DEVICE_MAP",
}


@dataclass(frozen=True)
class Placement:
    """Where a model goes.

    Attributes:
        device: "auto" for the accelerator if there is one, else the CPU; or "cpu", "cuda", "cuda:1", "mps".
        dtype: "auto" for float32 on the CPU, where half precision is slow and rough, and for what is stored elsewhere;
            or "float32", "float16", "bfloat16".
        device_map: "auto" to spread a model that is larger than one accelerator over all there are; `device` is then
            not used. "" to keep it whole.

    Raises:
        ModelError: if one of these is not known.
    """

    device: str = AUTO
    dtype: str = AUTO
    device_map: str = ""

    def __post_init__(self) -> None:
        """Check what can be checked without looking for the device."""
        if self.device_map not in ("", AUTO):
            raise ModelError(f"{self.device_map!r} is not a device map; choose auto, or leave it out")
        if self.dtype != AUTO and self.dtype not in DTYPES:
            raise ModelError(f"{self.dtype!r} is not a precision; choose {AUTO}, {', '.join(DTYPES)}")
        try:
            held = self.device == AUTO or torch.device(self.device).type != "meta"
        except RuntimeError:
            held = False
        if not held:
            raise ModelError(f"{self.device!r} is not a device; choose auto, cpu, cuda, cuda:1 or mps")

    @property
    def target(self) -> torch.device:
        """The device; "auto" is resolved now.

        Raises:
            ModelError: if this machine has no such device.
        """
        if self.device != AUTO:
            try:
                torch.empty(1, device=self.device)
            except (RuntimeError, AssertionError) as error:
                raise ModelError(
                    f"{self.device} is not a device of this machine ({first_line(error)}); choose auto, cpu, cuda or "
                    "mps"
                ) from error
            return torch.device(self.device)
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")

    @property
    def weights(self) -> torch.dtype | None:
        """The precision of the weights; None for the one they are stored in."""
        if self.dtype != AUTO:
            return DTYPES[self.dtype]
        return torch.float32 if self.target.type == "cpu" else None


def exact_device(*devices: torch.device) -> torch.device:
    """Where to work in float64 with what these devices hold: on the last one if all are CUDA devices, else on the CPU.

    Other accelerators have no float64.
    """
    return devices[-1] if all(device.type == "cuda" for device in devices) else torch.device("cpu")


def placement(
    device: str | torch.device | None = None, dtype: str | torch.dtype | None = None, device_map: str | None = None
) -> Placement:
    """What was asked for; the environment's LRT_EXPLORER_DEVICE, _DTYPE and _DEVICE_MAP stand in for what was not.

    Raises:
        ModelError: if one of these is not known.
    """
    asked = {
        "device": None if device is None else str(device),
        # torch writes its types as torch.float32.
        "dtype": None if dtype is None else str(dtype).removeprefix("torch."),
        "device_map": device_map,
    }
    return Placement(
        **{
            name: (os.environ.get(ENVIRONMENT[name]) or default) if value is None else value
            for (name, value), default in zip(asked.items(), (AUTO, AUTO, ""), strict=True)
        }
    )
