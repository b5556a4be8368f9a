"""Not needed to rerun, to compare or to audit: the article, provenance, costs."""
