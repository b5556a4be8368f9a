# Needs Python 3.11 to 3.14, make and git; everything else is installed into .venv.
# Another Python: make install PYTHON=python3.13

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: quick install replicate replicate-all studies report article test test-slow test-page test-arm check lock ready
.DEFAULT_GOAL := quick

quick: ready  ## in two minutes: the raw data, the headline's answers by torch, one training to the last byte
	$(BIN)/python -m replication verify --quick

install: ready  ## set everything up in .venv

replicate: ready  ## train one LeNet-5 without and one with distortions; compare with 1998, and byte for byte with the committed ones
	$(BIN)/python -m replication replicate

replicate-all: ready  ## train everything again, and set 1998, committed and this run side by side
	$(BIN)/python -m replication replicate --all

studies: ready  ## train what the studies compare: readings of the paper, causes, spreads
	$(BIN)/python -m replication studies

report: ready  ## make both pages again, and the numbers in README.md and paper_notes.md
	$(BIN)/python -m replication demo
	$(BIN)/python -m replication report

article: ready  ## set the article results/article/article.pdf, and write down where every result comes from
	$(BIN)/python -m replication article
	$(BIN)/python -m replication provenance

test: ready  ## run the tests that take no longer than a change should wait for
	$(BIN)/python -m pytest

test-slow: ready  ## run the other tests: copies of the package, DVC, trainings that are killed, other processors
	$(BIN)/python -m pytest -m slow

test-page: ready  ## open the pages in Chromium, which has to be installed (Debian: apt-get install chromium)
	$(BIN)/python -m pytest -m browser -n 0 tests/browser

test-arm: ready  ## compare the bytes of a short training with those of an emulated aarch64 (Debian: apt-get install qemu-user)
	tests/arm.sh

check: ready  ## format, lint, types and the order of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict replication
	$(BIN)/lint-imports

lock: ready  ## bring requirements.lock up to date with pyproject.toml, for all Pythons and systems (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --extra dev --extra distributed --no-annotate \
	  --no-emit-index-url --generate-hashes --custom-compile-command 'make lock' pyproject.toml --output-file requirements.lock

# DVC refuses to work outside a git repository unless told so.
ready: $(STAMP)
	@if [ ! -e .git ] && ! grep -qs no_scm .dvc/config.local; then \
	  $(BIN)/dvc config --local core.no_scm true && \
	  echo "This copy has no .git (a downloaded archive): DVC now works without it (core.no_scm in .dvc/config.local)."; \
	fi

$(STAMP): requirements.lock pyproject.toml
	@[ -x $(BIN)/python ] || $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || { \
	  echo "$(PYTHON) is missing or not one of Python 3.11 to 3.14: install one, or name it with 'make install PYTHON=/path/to/python3.13'." >&2; \
	  exit 2; }
	@# Where the first attempt left half of it, the next mends it.
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv || { \
	  echo "$(PYTHON) cannot make .venv (on Debian and Ubuntu: apt-get install python3-venv): mend that, then give the same command." >&2; \
	  exit 2; }
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)
