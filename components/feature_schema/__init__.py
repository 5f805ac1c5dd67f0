"""FeatureSchema: the schema of the raw examples, from the declared features."""
