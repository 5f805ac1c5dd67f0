"""The retriever: a query tower over the history against an item tower."""
