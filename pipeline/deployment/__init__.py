"""From the settings to what TensorFlow Serving, Kubernetes and the monitoring around them read."""
