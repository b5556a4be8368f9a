"""Templates and other texts that lie beside the code of a package."""

from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined


def text(package: str, name: str) -> str:
    """A file of a package."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def templates(package: str) -> Environment:
    """The templates of a package: they escape what they are given, and want all of it."""
    return Environment(
        loader=FunctionLoader(lambda name: text(package, name)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
