# Every target does the set-up it needs: each may be the first command on a machine with Python 3.11.
PYTHON ?= python3.11
PORT ?= 5000
BIN = .venv/bin
READY = .venv/.ready
CONTENT = knowledge/content/compiled.json
FHIR_READY = .venv-fhir/.ready
OAUTH_READY = tests/oauth/node_modules/.ready
DEPLOY_READY = .venv-deploy/.ready

.PHONY: setup run test test-blackbox test-integration test-postgresql test-browser test-deploy test-fuzz fuzz bench bench-audit \
        soak clean

setup: $(READY) $(CONTENT)

$(READY): requirements-dev.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "$(PYTHON) is not on this machine: set PYTHON=python3 (3.11 or newer)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The content, read and validated once; without it, or after a change, the YAML files themselves are read.
$(CONTENT): $(READY) $(wildcard knowledge/content/*.yaml knowledge/content/*/*.yaml knowledge/schema/*.json)
	$(BIN)/python -m knowledge.loading

$(FHIR_READY): requirements-fhir-server.txt
	test -x .venv-fhir/bin/python || $(PYTHON) -m venv .venv-fhir
	.venv-fhir/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fhir-server.txt
	@touch $@

# Without Node these tests are skipped, and say so; with CI=true that is a failure.
$(OAUTH_READY): tests/oauth/package-lock.json
	@mkdir -p $(@D)
	if command -v npm >/dev/null; then npm ci --prefix tests/oauth --ignore-scripts --no-audit --no-fund --silent && touch $@; fi

$(DEPLOY_READY): requirements-deploy.txt
	test -x .venv-deploy/bin/python || $(PYTHON) -m venv .venv-deploy
	.venv-deploy/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-deploy.txt
	@touch $@

run: $(READY) $(CONTENT)
	@echo "first page   http://127.0.0.1:$(PORT)/"
	@echo "discovery    http://127.0.0.1:$(PORT)/cds-services"
	PGX_CDS_AUTH=off $(BIN)/pgx-cds run --port $(PORT)

test: $(READY) $(CONTENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive app.py cds_hooks cards knowledge
	$(BIN)/pgx-cds check
	$(BIN)/python -m pytest

test-blackbox: $(READY) $(CONTENT)
	$(BIN)/python -m pytest -m blackbox

test-integration: $(READY) $(CONTENT) $(FHIR_READY) $(OAUTH_READY)
	$(BIN)/python -m pytest -m integration

test-postgresql: $(READY) $(CONTENT)
	$(BIN)/python -m pytest -m postgresql

test-browser: $(READY) $(CONTENT)
	$(BIN)/python -m pytest -m browser

test-deploy: $(READY) $(CONTENT) $(DEPLOY_READY)
	$(BIN)/python -m pytest -m deploy

# Thousands of requests made from /openapi.json.
test-fuzz: $(READY) $(CONTENT)
	$(BIN)/python -m pytest -m fuzz

# Spoiled documents for every reader, so many seconds; SEED=... repeats a run.
SECONDS ?= 600
fuzz: $(READY) $(CONTENT)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

bench: $(READY) $(CONTENT)
	$(BIN)/python -m bench.run

bench-audit: $(READY) $(CONTENT)
	$(BIN)/python -m bench.audit

# Half an hour at 200 calls a second; SOAK_SECONDS=60 SOAK_RATE=50 for a look, in which memory is not judged. Needs Debian's postgresql.
soak: $(READY) $(CONTENT)
	$(BIN)/python -m bench.soak

clean:
	rm -rf .venv .venv-fhir .venv-deploy tests/oauth/node_modules build *.egg-info $(CONTENT)
