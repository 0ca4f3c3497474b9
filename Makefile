# `make` alone lists what there is. All a machine needs is Python 3.11 or newer, make and a C compiler.

PORT ?= 8000
DATA_DIR ?= .data
SPLIT_DATA_DIR ?= .data-split
ARGS ?= help
PYTEST_ARGS ?=
SECONDS ?= 300
SEED ?=
# The first Python that is new enough; `make PYTHON=/path/to/python3.11 run` chooses another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)

VENV := .venv
BIN := $(VENV)/bin
# A check looks at code, not at data: none of these is reached, and Django's remark about that is left out.
CHECK := SECRET_KEY=check DATABASE_URL=postgresql://127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1/0 DATABASE_POOL=off \
	$(BIN)/python -W "ignore:Got an error checking a consistent migration history:RuntimeWarning" manage.py

export PORT DATA_DIR

.DEFAULT_GOAL := help
.PHONY: help run run-split test test-brokers chaos bench bench-events manage check format clean

help:
	@echo "Concert reservations"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Variables: PORT=$(PORT) and DATA_DIR=$(DATA_DIR) for run, ARGS=\"…\" for manage, PYTEST_ARGS=\"…\" for test, SECONDS and SEED for chaos."

run: $(VENV)/installed-local ## the whole service with demo data on http://127.0.0.1:8000 (Ctrl-C ends it)
	@$(BIN)/python -m local_stack.run

run-split: $(VENV)/installed-local ## the same as five deployments that talk through a broker (data in .data-split)
	@DATA_DIR=$(SPLIT_DATA_DIR) $(BIN)/python -m local_stack.split

test: $(VENV)/installed-dev ## all tests, with one database and again with a database per domain
	@failed=0; \
	DATABASE_PER_DOMAIN=0 $(BIN)/python -m pytest $(PYTEST_ARGS) || failed=1; \
	DATABASE_PER_DOMAIN=1 $(BIN)/python -m pytest $(PYTEST_ARGS) || failed=1; \
	exit $$failed

test-brokers: $(VENV)/installed-dev ## only what goes through Redis Streams, RabbitMQ and Kafka; says which of them run here
	DATABASE_PER_DOMAIN=1 $(BIN)/python -m pytest tests/brokers -rs $(PYTEST_ARGS)

chaos: $(VENV)/installed-dev ## faults at random against real processes: make chaos SECONDS=300 SEED=7
	@CHAOS_SECONDS=$(SECONDS) CHAOS_SEED=$(SEED) LOG_LEVEL=CRITICAL DATABASE_PER_DOMAIN=1 \
		$(BIN)/python -m pytest tests/faults/chaos.py -qs --no-header -p no:warnings

bench: $(VENV)/installed-local ## the waiting room beside plain Django views (ARGS=--quick: in a minute)
	@$(BIN)/python -m bench.waiting_room $(filter --quick,$(ARGS))

bench-events: $(VENV)/installed-local ## what events cost beside bare SQL (ARGS=--broker-down: an outage, in minutes)
	@$(BIN)/python -m bench.events $(filter-out help,$(ARGS))

manage: $(VENV)/installed-local ## a command of manage.py on the data of `make run`: make manage ARGS="shell"
	@$(BIN)/python -m local_stack.manage $(ARGS)

check: $(VENV)/installed-dev ## style, architecture, missing migrations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	$(CHECK) makemigrations --check --dry-run
	$(CHECK) check

format: $(VENV)/installed-dev ## rewrite the code in the project's style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## remove the virtual environment (the data of `make run` stays)
	rm -rf $(VENV)

# Installed again when the list has changed.
$(VENV)/installed-local: requirements-local.txt | $(VENV)/made
	$(BIN)/python -m pip install --disable-pip-version-check -r $<
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt | $(VENV)/made
	$(BIN)/python -m pip install --disable-pip-version-check -r $<
	@touch $@ $(VENV)/installed-local

# Debian's Python makes no pip without the package python3-venv; then the one of the system puts it there.
$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; python3 here is $$(python3 --version 2>&1)."; \
		echo "Install one, or say where it is: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@test ! -L $(VENV) || { echo "$(VENV) is a link; emptying it would empty what it points to. Remove the link."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --clear --without-pip $(VENV) && \
		$(PYTHON) -m pip --python $(BIN)/python install pip; } || \
		{ echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@
