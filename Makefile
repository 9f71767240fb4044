# What a newcomer needs: `make demo REPO=<a git repository>` and `make test`. `make` lists the rest.

PYTHON ?= python3
REPO ?= .
BUNDLE ?= codewm_lsp/assets/default

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo docs docs-check test e2e soak lint extension-check wheel-check package wheelhouse version clean

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## ?/make \1|/' | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

demo: .venv/base.stamp  ## index REPO= (default: this one), change a scratch copy of it, show similar past edits
	@$(BIN)/python scripts/demo.py "$(REPO)"

test: .venv/dev.stamp  ## run the test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope

e2e: .venv/editors.stamp package  ## the clients in real editors, VS Code in Chromium among them; screenshots in build/pictures
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/editors

soak: .venv/dev.stamp  ## 100 kills of an indexer and 200,000 edits in a server, on REPO= (default: this one); hours
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/kills.py "$(REPO)"
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/soak.py "$(REPO)"

lint: .venv/dev.stamp  ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

extension-check: .venv/base.stamp  ## types, style and unit tests of vscode-client/ (needs Node 22)
	$(BIN)/python scripts/extension.py

docs: .venv/docs.stamp  ## the page that runs the model in a browser, into build/docs; BUNDLE= is the model (default: the one that ships)
	$(BIN)/python scripts/docs.py --bundle "$(BUNDLE)"

docs-check: .venv/docs.stamp  ## types, style and unit tests of docs/demo/, and its page in headless Chromium
	$(BIN)/python scripts/docs.py --bundle "$(BUNDLE)" --check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/demo

wheel-check: .venv/dev.stamp  ## build the wheel and try it in a clean environment, without torch
	$(BIN)/python scripts/wheel_check.py

package: .venv/base.stamp  ## build wheel, sdist and .vsix into dist/ (the .vsix needs Node 22)
	@$(PIP) install 'build>=1.2'
	$(BIN)/python scripts/package.py

wheelhouse: .venv/base.stamp  ## every wheel for this system and Python into wheelhouse/, and try it without network
	$(BIN)/python scripts/wheelhouse.py

version:  ## the version; with VERSION=x.y.z, write that one everywhere
	@$(PYTHON) scripts/set_version.py $(VERSION)

clean:  ## remove everything that was built, the environment too
	rm -rf .venv build dist wheelhouse .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: the environment is made once, and again when the dependencies change. torch is named by itself and in full:
# left to the extra, pip may choose a build with gigabytes of CUDA.
.venv/base.stamp: pyproject.toml
	@$(PYTHON) scripts/preflight.py
	@echo "Setting up .venv (the first time takes a minute: hnswlib is compiled)"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --editable .
	@touch $@

.venv/dev.stamp: .venv/base.stamp
	@$(PIP) install torch==2.13.0
	@$(PIP) install --editable '.[dev,train]'
	@touch $@

.venv/docs.stamp: .venv/base.stamp scripts/editors_setup.py
	@$(PYTHON) scripts/editors_setup.py node
	@$(PIP) install --editable '.[dev,docs,editors]'
	@touch $@

.venv/editors.stamp: .venv/base.stamp scripts/editors_setup.py
	@$(PYTHON) scripts/editors_setup.py
	@$(PIP) install --editable '.[dev,editors]'
	@touch $@
