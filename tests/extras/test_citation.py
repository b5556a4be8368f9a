"""CITATION.cff: what is made of it names its authors, and a wrong one is one sentence."""

import json

import pytest
from ruamel.yaml import YAML
from small import REPOSITORY, refused

from replication.extras.citation import CITATION, CODEMETA, codemeta, read_citation
from replication.extras.provenance import MANIFEST

NAMED = """
  - {family-names: Doe, given-names: Ann, orcid: https://orcid.org/0000-0002-1825-0097,
     affiliation: Somewhere}
"""


def test_what_is_committed_beside_it_says_the_same():
    citation = read_citation(REPOSITORY)
    assert json.loads((REPOSITORY / CODEMETA).read_text("utf-8")) == codemeta(citation)
    paper = YAML(typ="safe").load(REPOSITORY / MANIFEST)["paper"]
    assert paper["title"] == citation.title
    assert [one["name"] for one in paper["authors"]] == [a.full_name for a in citation.authors]


def test_an_author_is_a_person_with_a_name_an_orcid_and_an_affiliation(tmp_path):
    text = (REPOSITORY / CITATION).read_text("utf-8")
    placeholder = '  - name: "Authors to be named (placeholder)"\n'
    assert placeholder in text
    (tmp_path / CITATION).write_text(text.replace(placeholder, NAMED), "utf-8")
    (author,) = codemeta(read_citation(tmp_path))["author"]
    assert author == {
        "@type": "Person", "name": "Ann Doe", "@id": "https://orcid.org/0000-0002-1825-0097",
        "affiliation": {"@type": "Organization", "name": "Somewhere"},
    }  # fmt: skip


@pytest.mark.parametrize("content", ["", "- 1", "x: [", "title: x\nversion: 1.0.0\nauthors: []"])
def test_a_file_that_is_no_citation_is_one_sentence(tmp_path, content):
    (tmp_path / CITATION).write_text(content, "utf-8")
    with refused(CITATION, "git checkout"):
        read_citation(tmp_path)
