"""The ranker: target attention over the history and explicit feature crosses."""
