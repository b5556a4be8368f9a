"""The page to draw on, made of the committed runs, from a file and served."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from browsers import NAMES, visitor
from small import REPOSITORY

from replication.core.runs import experiment_runs
from replication.report import demonstration


@pytest.fixture(scope="session")
def runs():
    return {name: experiment_runs(REPOSITORY / "results" / "runs", name, 2) for name in NAMES}


@pytest.fixture(scope="session")
def found(paper, regular, chosen, runs):
    settings = (chosen.compare, chosen.invariance)
    images = (regular.test_images, regular.test_labels)
    return demonstration.content(paper, *settings, *images, runs, carried=2)


@pytest.fixture(scope="session")
def results(found, tmp_path_factory):
    """A folder of results with the page and the runs."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "demo").mkdir()
    (folder / "demo" / "index.html").write_text(demonstration.page(found), encoding="utf-8")
    (folder / "runs").symlink_to(REPOSITORY / "results" / "runs")
    return folder


@pytest.fixture(scope="session")
def address(results):
    return (results / "demo" / "index.html").as_uri()


@pytest.fixture(scope="session")
def served(results):
    """The address of the page when the folder of results is served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=results)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/demo/index.html"
        server.shutdown()
        thread.join()


@pytest.fixture
def visit(browser, address):
    with visitor(browser) as opened:

        def open_page(width=1280, scheme="light", after="", at=address):
            tab = opened(at + after, (width, 900), scheme)
            tab.wait_for_selector(".lenet.ready")
            return tab

        yield open_page
