"""LeNet-5 to draw on: the whole network live, as one page or as a part of another.

`content` gathers its data, `fragment` is the part for another page, `page` a page of its own.
"""

from replication.report.demonstration.content import NETWORKS, content, fragment, page

__all__ = ["NETWORKS", "content", "fragment", "page"]
