# Everything starts here; `make` alone lists what there is.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run install dev browser check format test test-real coverage freeze clean

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --no-input --constraint constraints.txt
# Tried in this order: 3.11 is what constraints.txt was tested with. `make run PYTHON=python3.13` asks for another.
PYTHON ?=
PYTHONS := $(or $(PYTHON),python3.11 python3.12 python3.13 python3)
# `make run SERVE="--port 8000"`, `make test PYTEST="-k moments"`
SERVE ?=
PYTEST ?=

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

run: $(VENV)/.installed ## Set up what is missing, then serve the app
	$(BIN)/lrt-explorer serve $(SERVE)

install: $(VENV)/.installed ## Make the environment alone, with lrt-explorer in .venv/bin

dev: $(VENV)/.installed-dev ## The environment and the tools of the tests

browser: ## See to it that the browser tests have a browser
	@.ci/browser

check: .mypy_cache/.passed ## Linter, formatter and type checker, if anything changed since they passed

format: dev ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: dev browser check ## Set up what is missing, then run every check and every test
	$(BIN)/python -m pytest $(PYTEST)

test-real: dev ## Fetch two real models (350 MB, once), then run the real path with them
	$(BIN)/python -m tests.real.fetch
	$(BIN)/python -m pytest -m real tests/real $(PYTEST)

coverage: dev browser ## Run the tests and show which lines of the package they do not reach
	$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered $(PYTEST)

freeze: dev ## Write the installed versions to constraints.txt (after `make test` passed with them)
	@sed '/^[^#]/,$$d' constraints.txt > constraints.new
	@# A local build of torch (+cpu) is the same version for everyone else.
	@$(BIN)/python -m pip freeze --exclude-editable | sed 's/+[a-z0-9]*$$//' >> constraints.new
	@mv constraints.new constraints.txt

clean: ## Remove the environment and every cache
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Folders are among them because their times change when a file goes.
CHECKED = $(shell find . -path './.?*' -prune -o \( -name __pycache__ -o -path ./build -o -path ./runs \) -prune -o \
  \( -name '*.py' -o -name '*.pyi' -o -name '*.ipynb' -o -type d \) -print)
.mypy_cache/.passed: pyproject.toml $(VENV)/.installed-dev $(CHECKED)
	@# The time that counts is that of the start, since a file may change under the checks.
	@mkdir -p .ruff_cache $(@D) && touch $@.started
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@mv $@.started $@

# A stamp is written last, so an interrupted installation is taken up again, and a finished one is not repeated.
$(VENV)/.installed: requirements.txt constraints.txt pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --requirement requirements.txt
	$(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements-mcp.txt $(VENV)/.installed
	$(PIP_INSTALL) --requirement requirements-dev.txt --requirement requirements-mcp.txt
	@# Only for the axe-core in it: the browser tests drive Chromium by Selenium, not by the 165 MB of Playwright.
	$(PIP_INSTALL) --no-deps axe-playwright-python
	@touch $@

$(BIN)/python:
	@for python in $(PYTHONS); do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$($$python --version)"; \
	    exec $$python -m venv --clear $(VENV); \
	  fi; \
	done; \
	echo "error: none of '$(PYTHONS)' is a Python 3.11 or newer with the venv module;" \
	  "install one (Debian: python3 and python3-venv), or name it: make PYTHON=/path/to/python3" >&2; exit 1
