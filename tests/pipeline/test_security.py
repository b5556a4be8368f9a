"""What comes from outside starts nothing, fills no memory, and links nowhere but to https."""

import gzip
import re

import pytest
from ruamel.yaml import YAML
from small import REPOSITORY

from replication.core.mnist import databases
from replication.errors import ReplicationError
from replication.pipeline.pages import read_address


def test_a_raw_file_is_not_expanded_without_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "_LARGEST", 1000)
    path = tmp_path / databases.TEST_LABELS
    path.write_bytes(gzip.compress(bytes(1000)))
    assert len(databases.uncompress(path)) == 1000
    path.write_bytes(gzip.compress(bytes(10**7)))
    with pytest.raises(ReplicationError, match="larger than"):
        databases.uncompress(path)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "http://example.org", "https://a b", "[1]", "'https://a\"b'"]
)
def test_only_https_addresses_become_links(tmp_path, address):
    path = tmp_path / "CITATION.cff"
    path.write_text("repository-code: https://example.org/a", encoding="utf-8")
    assert read_address(path) == "https://example.org/a"
    path.write_text(f"repository-code: {address}", encoding="utf-8")
    with pytest.raises(ReplicationError, match="no https address"):
        read_address(path)


def test_the_workflow_may_read_alone_and_names_actions_by_commit():
    text = (REPOSITORY / ".github/workflows/check.yml").read_text(encoding="utf-8")
    workflow = YAML(typ="safe").load(text)
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"]
            if "uses" in step]  # fmt: skip
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one) for one in used)


def test_the_container_is_not_roots():
    lines = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    user = next(number for number, line in enumerate(lines) if line.startswith("USER "))
    assert lines[user] != "USER root"
    assert user < next(number for number, line in enumerate(lines) if "make install" in line)


def test_only_packages_of_known_content_are_installed():
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", "")
    packages = [line for line in lock.splitlines() if "==" in line]
    assert packages
    assert [line for line in packages if not re.search("--hash=sha256:[0-9a-f]{64}", line)] == []
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert "--require-hashes -r requirements.lock" in makefile
