"""Inputs and drawing for the figures of the page, of the studies and of the article."""
