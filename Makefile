# `make` alone lists the commands. The longer ones are scripts in .ci/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run test test-real bench format lock clean dev
python := .venv/bin/python

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with the zavuch command in it; done already: nothing happens
	@.ci/setup

run: setup ## set up, load the demo municipality if the database is empty, serve on 127.0.0.1:8501
	@exec .venv/bin/zavuch serve --demo

dev:
	@.ci/setup dev

test: dev ## lint, types, import walls and all tests, in Chromium too; every stage runs, the summary is last
	@.ci/check

test-real: dev ## BUNDLE=path: load a real journal bundle and compare its numbers with a second computation
	@test -n "$(BUNDLE)" || { echo "Say which bundle: make test-real BUNDLE=path/to/bundle.zip" >&2; exit 2; }
	@test -e "$(BUNDLE)" || { echo "There is no file or folder $(BUNDLE)" >&2; exit 2; }
	@BUNDLE="$$(realpath "$(BUNDLE)")" $(python) -m pytest -m bundle -s

bench: dev ## the measured ratios as a table at 60 schools; TIER=tiny tries it out
	@$(python) -m tests.bench --tier $(or $(TIER),city)

format: dev ## lay the code out and repair what ruff can
	@.venv/bin/ruff check --fix-only . && .venv/bin/ruff format .

# Locked with `uv` because pip cannot lock for all Python versions and platforms at once.
lock: ## rewrite requirements*.txt from pyproject.toml (needs uv); UPGRADE=1 takes newer versions
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 2; }
	@uv pip compile $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --generate-hashes --no-header --quiet \
	  pyproject.toml --output-file requirements.txt
	@uv pip compile $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --generate-hashes --no-header --quiet \
	  --group dev --constraints requirements.txt --output-file requirements-dev.txt

clean: ## remove .venv and the tools' caches; the data in .zavuch stay
	@rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	@find checks dashboard etl tests -type d -name __pycache__ -prune -exec rm -rf {} +
