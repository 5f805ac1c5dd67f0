"""Training in pods of their own: what the container of a Trainer node asks of Kubernetes."""
