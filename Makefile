# What can be asked for here. Python's part runs in .venv, made from requirements*.txt when they change; real
# Salesforce clients and the DevHub's page need Node.js, Java and Chromium, which nothing else does.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo run test check fix bench conformance
.PHONY: test-salesforce demo-lwc java-is-there node-is-there

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

$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package-lock.json | node-is-there
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

test-salesforce: java-is-there salesforce/harness/dist/app.js .venv/browser   ## the DevHub's page, its Apex and metadata
	cd salesforce && npm test --silent
	$(BIN)/python -m pytest -c salesforce/harness/checks/pytest.ini salesforce/harness/checks -s

demo-lwc: salesforce/harness/dist/app.js   ## the DevHub's page beside `make demo`, outside Salesforce
	node salesforce/harness/server/serve.mjs $(ARGS)

node-is-there:
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 12) ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null \
	  || { echo "This needs Node.js 20 or newer and npm. On Debian and Ubuntu: apt-get install nodejs npm, and where that is older: npm install --global node@20"; exit 1; }

java-is-there:
	@command -v java >/dev/null \
	  || { echo "make test-salesforce needs Java 17 or newer for its Apex checks; on Debian 12: apt-get install openjdk-17-jre-headless"; exit 1; }

salesforce/node_modules/.installed: salesforce/package-lock.json | node-is-there
	cd salesforce && npm ci --loglevel=error
	@touch $@

salesforce/harness/dist/app.js: salesforce/node_modules/.installed $(shell find salesforce/force-app/main/default/lwc salesforce/harness/src salesforce/harness/rollup.config.mjs -type f)
	cd salesforce && npm run --silent build-page

.venv/browser: .venv/dev salesforce/harness/checks/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r salesforce/harness/checks/requirements.txt
	@touch $@
