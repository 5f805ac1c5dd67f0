"""The same pipeline on Kubeflow Pipelines: one container for each node."""
