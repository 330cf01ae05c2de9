# Two words matter: `make up` runs the product, `make test` proves it. docs/operating.md says more.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= $(shell scripts/find-python)

# An installation is named after the lock it was made from: another lock, another stamp.
stamp = $(VENV)/.$(1)-$(shell sha256sum requirements/$(1).txt | cut -c1-16)
BASE := $(call stamp,base)
DEV := $(call stamp,dev)

APPS := smartcrm core expressions events accounts processes records notifications automation analytics api web

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: up
up: $(BASE) ## Start everything on this machine (PORT=8000); Ctrl-C stops it
	@exec $(PY) manage.py up $(UP)

.PHONY: test
test: check ## Everything a change must pass: checks, tests, short fault tests, the browser
	$(PY) -m pytest -q -n $(shell nproc) --dist loadfile -m "not e2e and not faults and not faults_b"
	$(PY) -m pytest -q -m "faults"
	browser="$$(scripts/find-browser)" && E2E_CHROMIUM="$$browser" $(PY) -m pytest -q -n 2 --dist loadfile -m "e2e"

.PHONY: test-faults
test-faults: $(DEV) ## The long fault tests: twenty minutes on two cores; each prints what it has counted
	$(PY) -m pytest -q -m "faults_b" --durations 0

.PHONY: e2e
e2e: $(DEV) ## The browser tests alone
	browser="$$(scripts/find-browser)" && E2E_CHROMIUM="$$browser" $(PY) -m pytest -q -n 2 --dist loadfile -m "e2e"

.PHONY: bench
bench: $(DEV) ## Compare with a hand-written app and plain SQL: BENCH="--size 10000 --rounds 5"; see docs/performance.md
	$(PY) -m bench.driver $(BENCH)

.PHONY: check
check: $(DEV) ## Format, lint, types, imports, templates, migrations, deployment
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/djangofmt --check templates
	$(VENV)/bin/djangofmt check templates
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	scripts/check-deployment $(PY)
	$(PY) manage.py compile_locale --check

.PHONY: format
format: $(DEV) ## Format code and templates
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/djangofmt templates

.PHONY: messages
messages: $(DEV) ## Compile the translations; with gettext installed also collect new strings
	if command -v xgettext >/dev/null; then \
	  $(PY) manage.py makemessages --locale ru --no-wrap --no-location --ignore "$(VENV)/*" --ignore "frontend/*" && \
	  $(PY) manage.py makemessages --locale ru --no-wrap --no-location --domain djangojs --ignore "$(VENV)/*" \
	    --ignore "frontend/*" --ignore "static/vendor/*"; fi
	$(PY) manage.py compile_locale

.PHONY: lock
lock: $(BASE) ## Pin every package with hashes, from pyproject.toml; LOCK="--upgrade" takes newer ones
	@[ -x $(VENV)/bin/uv ] || $(PY) -m pip install --quiet uv
	@export UV_CUSTOM_COMPILE_COMMAND="make lock"; \
	lock="$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate $(LOCK)"; \
	$$lock pyproject.toml --output-file requirements/base.txt; \
	$$lock pyproject.toml --group dev --output-file requirements/dev.txt

.PHONY: vendor
vendor: ## Rebuild static/vendor from frontend/package-lock.json (needs Node)
	cd frontend && npm ci --ignore-scripts && node vendor.mjs

.PHONY: clean
clean: ## Remove the environment and caches; data is kept
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .grimp_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BASE): requirements/base.txt
	@scripts/install $(PYTHON) $(VENV) base $@

$(DEV): requirements/dev.txt
	@scripts/install $(PYTHON) $(VENV) dev $@
	@touch $(BASE)
