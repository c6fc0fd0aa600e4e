# What a newcomer needs: `make demo` and `make test`. Everything is installed into .venv by these rules.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install demo test lab lint fix messages bench wheel lock clean

help:
	@echo "make demo      send the example bulletin to a mailbox on this machine and show what happened"
	@echo "make test      run the tests"
	@echo "make lab       run the tests that need real servers (as root; packages: tests/lab/packages.txt)"
	@echo "make lint      formatting, lint, types, catalogues, generated pages"
	@echo "make fix       put formatting, catalogues and generated pages right"
	@echo "make bench     measure against smtp-source (needs Debian's postfix package)"

install: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

demo: .venv/installed
	$(BIN)/distributor demo

test: .venv/installed-dev
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

# Two files at a time and no more: each has its own Postfix, PostgreSQL or Chromium, and some measure seconds.
lab: .venv/installed-dev
	npm ci --silent --ignore-scripts --no-audit --no-fund --prefix tests/lab/web
	$(BIN)/python -m pytest --lab tests/lab -n 2 --dist loadfile $(PYTEST_ARGS)

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/messages.py --check

fix: .venv/installed-dev messages
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python tools/settings_doc.py
	$(BIN)/python tools/states_doc.py

# New sentences come into the catalogues empty; translate them in distributor/locales/zh_CN.
messages: .venv/installed-dev
	$(BIN)/python tools/messages.py

bench: .venv/installed-dev
	$(BIN)/python -m benchmarks

# After a change of dependencies: uv writes the lock, and the lists that pip installs from.
lock: .venv/installed-dev
	$(BIN)/uv lock
	$(BIN)/uv export --quiet --frozen --no-dev --no-emit-project -o requirements.txt
	$(BIN)/uv export --quiet --frozen --no-dev --extra postgres --no-emit-project -o requirements-postgres.txt
	$(BIN)/uv export --quiet --frozen --no-dev --extra oidc --no-emit-project -o requirements-oidc.txt
	$(BIN)/uv export --quiet --frozen --all-extras --no-emit-project -o requirements-dev.txt

wheel: .venv/installed-dev
	$(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf .venv dist build demo-output
