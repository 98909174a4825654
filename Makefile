# Seven words. Everything runs in .venv, made from requirements*.txt when they change.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo run test check fix bench conformance

demo: .venv/runtime   ## a simulated DevHub with 24 scratch orgs, watched
	$(BIN)/python manage.py demo $(ARGS)

run: .venv/runtime    ## all processes, for a real DevHub
	$(BIN)/python manage.py up $(ARGS)

test: .venv/dev       ## the tests, against real PostgreSQL, Valkey, Celery and the simulator
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: .venv/dev      ## lint, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

fix: .venv/dev        ## format and mend what can be mended
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: .venv/dev      ## ratios against baselines; ORGS=1000 ROWS=10000000
	$(BIN)/python -m bench $(ARGS)

CLIENTS := tests/conformance

conformance: .venv/dev $(CLIENTS)/node_modules/.installed .data/conformance/venv/.installed   ## real Salesforce clients against the simulator
	$(BIN)/python -m tests.conformance $(ARGS)

$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package-lock.json
	@command -v npm >/dev/null \
	  || { echo "make conformance needs Node.js 20 or newer with npm; on Debian and Ubuntu: apt-get install nodejs npm"; exit 1; }
	cd $(CLIENTS) && npm ci --loglevel=error
	@touch $@

.data/conformance/venv/.installed: $(CLIENTS)/requirements.txt | .venv/bin/python
	$(BIN)/python -m venv .data/conformance/venv
	.data/conformance/venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Scratcher needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; rm -rf .venv; exit 1; }

.venv/runtime: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: requirements.txt requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch .venv/runtime $@
