"""A cluster on this machine: the part of Kubernetes' API that a training needs, pods as processes.

`sluice run --from-ir` starts it, so that nodes that start pods of their own do here what they do
in a cluster, through the same HTTP client.
"""
