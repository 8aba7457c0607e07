.PHONY: help demo test bench bench-rows coverage check format clean
.DEFAULT_GOAL := help

PYTHON ?= python3
UV := .tools/bin/uv
RUN := $(UV) run --frozen --no-sync
export UV_PYTHON_DOWNLOADS := never
export UV_PYTHON := $(PYTHON)
# Where this is set every command would compile all that it imports again; empty means not set.
export PYTHONDONTWRITEBYTECODE :=

help:  ## What one can do here
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(UV):
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "precall needs Python 3.11 or newer; name one with PYTHON=python3.12 make ...")'
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check 'uv==0.13.9'

.venv/.synced: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --extra dense
	@touch $@

demo: .venv/.synced  ## Build the knowledge base and the demo snapshot, then run /precall ACME-042
	$(RUN) precall demo

test: .venv/.synced  ## Run the whole test suite
	$(RUN) pytest -n 2

bench: .venv/.synced  ## Measure everything beside its peers, about forty minutes, into bench/RESULTS.md
	$(UV) sync --frozen --extra dense --group bench
	$(RUN) python bench/run.py

bench-rows: .venv/.synced  ## Build 100,000 and 1,000,000 accounts twice: seconds and memory of each stage
	$(RUN) python bench/rows.py

coverage: .venv/.synced  ## The same, slower, with the branches that no test takes
	$(RUN) pytest -n 2 --cov --cov-report=term

check: .venv/.synced  ## What CI runs before the tests: format, lint, types, import contracts, dead code, dependencies
	$(RUN) ruff format --check
	$(RUN) ruff check
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) vulture
	$(RUN) deptry .

format: .venv/.synced  ## Format and fix what can be fixed
	$(RUN) ruff format
	$(RUN) ruff check --fix

clean:  ## Remove everything that was built
	rm -rf .venv .tools var out
