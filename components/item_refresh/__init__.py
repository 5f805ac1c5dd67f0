"""ItemRefresh: trained towers over the items as they are now, without a training."""
