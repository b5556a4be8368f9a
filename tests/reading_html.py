"""A page as a browser's parser has it: elements with their text, all of them closed."""

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "input", "use", "path", "hr"}


class Reader(HTMLParser):
    """Every element with its attributes and its text, and whether tags close in order."""

    def __init__(self):
        super().__init__()
        self.elements, self.open = [], []

    def handle_starttag(self, tag, attrs):
        element = {
            "tag": tag,
            "text": "",
            "inside": [one["tag"] for one in self.open],
            **dict(attrs),
        }
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for one in self.open:
            one["text"] += data

    def all(self, tag, **attributes):
        return [
            one for one in self.elements if one["tag"] == tag and attributes.items() <= one.items()
        ]


def parsed(text):
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    return reader
