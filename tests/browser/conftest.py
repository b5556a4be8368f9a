"""One browser for all pages."""

from __future__ import annotations

import pytest
from browsers import chromium


@pytest.fixture(scope="session")
def browser():
    with chromium() as started:
        yield started
