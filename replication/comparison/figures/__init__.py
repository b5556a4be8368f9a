"""What the figures of the page, of the studies and of the article are drawn with."""
