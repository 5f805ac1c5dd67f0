"""The rendered files, read back."""

import pytest
import yaml

from pipeline.deployment.models_config import NEWEST
from pipeline.deployment.rendering import render
from pipeline.deployment.settings import ServingSettings
from pipeline.gates import Gates


@pytest.fixture(scope="session")
def files():
    """Relative path -> text, for the default settings."""
    return render(ServingSettings(), NEWEST, Gates())


@pytest.fixture(scope="session")
def objects(files):
    """Kind -> Kubernetes object."""
    texts = (text for name, text in files.items() if name.startswith("kubernetes/"))
    return {found["kind"]: found for found in map(yaml.safe_load, texts)}
