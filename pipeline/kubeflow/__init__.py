"""The same pipeline on Kubeflow Pipelines: one container for each node."""

FOLDER = "kubeflow"  # inside the root folder: the compiled pipelines of its runs
