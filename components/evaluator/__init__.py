"""TFX's Evaluator, with a process for each core where there is much to evaluate."""
