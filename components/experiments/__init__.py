"""What came of an experiment: from the log of lists and outcomes to a judgement."""
