"""Load the whole stack once, at the end of set-up.

TFX turns a component that cannot be imported into `None`, and the failure shows much later and
elsewhere. Here it shows at once. The second use: Python compiles the modules while it loads them,
so the first run of the pipeline starts as quickly as any later one.
"""

import importlib
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

STACK = (
    "ml_metadata.metadata_store",
    "polars",
    "pydantic",
    "tensorflow_data_validation",
    "tensorflow_model_analysis",
    "tensorflow_recommenders",
    "tensorflow_serving.apis.prediction_service_pb2_grpc",
    "tensorflow_transform",
    "tfx.v1",
    "typer",
)


def broken_parts() -> list[str]:
    """Name what does not load: modules with their errors, and TFX components that are `None`."""
    if os.environ.get("TF_USE_LEGACY_KERAS") != "1":
        return ["TF_USE_LEGACY_KERAS is not set to 1 in this environment's processes"]
    broken = []
    for name in STACK:
        try:
            importlib.import_module(name)
        except ImportError as error:
            broken.append(f"{name}: {error}")
    components = vars(sys.modules["tfx.v1"].components) if "tfx.v1" in sys.modules else {}
    broken += [
        f"tfx.v1.components.{name} is None" for name, part in components.items() if part is None
    ]
    return broken


if __name__ == "__main__":
    if parts := broken_parts():
        sys.exit("\n".join(parts))
