"""Where the sample of the Open Bandit log lies: in a package, which is installed beside ours.

None of the package's code is run, and nothing that it requires is installed.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.environments import pinned, python_of

_LOCK = Path(__file__).with_name("obp.lock")


def sample_folder() -> Path:
    """The folder of the sample: `POLICY/CAMPAIGN/CAMPAIGN.csv`.

    Raises:
        RuntimeError: The package cannot be had, or does not hold the sample.
    """
    packages = python_of("ope", _LOCK).parents[1] / "lib" / "python3.11" / "site-packages"
    folder = packages / "obp" / "dataset" / "obd"
    if not folder.is_dir():
        raise RuntimeError(
            f"The sample of the Open Bandit log must come with obp. Received: {sample_version()} "
            f"without {folder}. Lock a version that ships it."
        )
    return folder


def sample_version() -> dict[str, str]:
    """Version of the package, as its lock pins it."""
    return pinned(_LOCK, "obp")
