"""Read templates and other texts beside the code of a package."""

from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined


def text(package: str, name: str) -> str:
    """Return the text of a file of a package."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def templates(package: str) -> Environment:
    """Return the templates of a package; they escape values, and refuse undefined ones."""
    return Environment(
        loader=FunctionLoader(lambda name: text(package, name)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
