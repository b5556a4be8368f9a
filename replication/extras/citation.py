"""CITATION.cff, the one place for title, version, date and authors, and codemeta.json of it."""

from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from replication.errors import ReplicationError
from replication.reading import Damage, read_yaml, shorten

CITATION, CODEMETA = "CITATION.cff", "codemeta.json"
PAPER = "https://doi.org/10.1109/5.726791"


class Author(BaseModel):
    """A person, or under ``name`` alone an entity, which also stands for authors not yet named."""

    name: str = ""
    given: str = Field("", alias="given-names")
    family: str = Field("", alias="family-names")
    orcid: str = ""
    affiliation: str = ""

    @property
    def full_name(self) -> str:
        """Return the name as it is printed."""
        return self.name or f"{self.given} {self.family}".strip()

    def described(self) -> dict[str, Any]:
        """Return the author in the words of schema.org, without an identifier."""
        found: dict[str, Any] = {"@type": "Person" if self.family else "Organization"}
        found["name"] = self.full_name
        if self.affiliation:
            found["affiliation"] = {"@type": "Organization", "name": self.affiliation}
        return found


class Citation(BaseModel):
    """What the metadata needs of CITATION.cff."""

    title: str
    version: str
    released: date = Field(alias="date-released")
    license: str
    abstract: str
    keywords: list[str] = []
    authors: list[Author] = Field(min_length=1)
    repository: str = Field("", alias="repository-code")


def read_citation(root: Path) -> Citation:
    """Return CITATION.cff of the repository; raise ReplicationError when it is no such file."""
    path = root / CITATION
    mend = f"correct it, or bring it back with `git checkout {CITATION}`"
    try:
        return Citation.model_validate(read_yaml(path))
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: {mend}") from error
    except Damage as error:
        raise ReplicationError(f"{path} cannot be read ({error}): {mend}") from error
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise ReplicationError(f"{path} lacks or garbles {shorten(place)}: {mend}") from error


def codemeta(citation: Citation) -> dict[str, Any]:
    """Return the citation as CodeMeta 3.0, by which archives of software describe a deposit."""
    people = [
        author.described() | ({"@id": author.orcid} if author.orcid else {})
        for author in citation.authors
    ]
    document = {
        "@context": "https://w3id.org/codemeta/3.0",
        "@type": "SoftwareSourceCode",
        "name": citation.title,
        "description": citation.abstract,
        "version": citation.version,
        "datePublished": citation.released.isoformat(),
        "license": f"https://spdx.org/licenses/{citation.license}",
        "keywords": citation.keywords,
        "author": people,
        "programmingLanguage": "Python",
        "referencePublication": PAPER,
    }
    return document | ({"codeRepository": citation.repository} if citation.repository else {})
