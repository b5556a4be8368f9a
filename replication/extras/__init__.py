"""What nobody needs to rerun, to compare or to audit: the article, provenance, costs."""
