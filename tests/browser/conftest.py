"""One browser for all pages."""

import pytest
from browsers import chromium


@pytest.fixture(scope="session")
def browser():
    with chromium() as started:
        yield started
