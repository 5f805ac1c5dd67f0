"""The pipeline as compiled for Kubeflow: what a node costs, and what killed nodes leave."""
