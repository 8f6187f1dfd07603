# Everything a user or a developer types. The environments are built on first use and only then.

HOST ?= 127.0.0.1
PORT ?= 8000
# One more than there are cores: while a test waits for a server, another works.
PROCESSES ?= $(shell cores=$$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN); echo $$((cores + 1)))
PYTHON ?= python3
PYTHONS := 3.11 3.12 3.13
UV_VERSION := 0.13.9
SECONDS ?= 60
SEED ?= 1
AXE_VERSION := 4.14.1
AXIOS_VERSION := 1.21.1
TYPESCRIPT_VERSION := 7.0.2
UV := .venv-uv/bin/uv
# Tests start hundreds of processes: each would compile anew what it may not keep.
PYTEST := env -u PYTHONDONTWRITEBYTECODE .venv-dev/bin/python -m pytest

.PHONY: help run train test test-fast soak mutants faults fuzz check format bench bench-quick load audit sbom wheel images release lock clean

help:
	@echo "make run     serve http://$(HOST):$(PORT)       (HOST=... PORT=... move it)"
	@echo "make test    run the tests, but those that take long   (LONG_TESTS=1: those as well; SEED=2: in another order;"
	@echo "             RERUNS=1: what fails once more; FAULTS=docs/faults.md: write it)"
	@echo "make test-fast  the tests of requests, pictures, models and the gate, in under a minute"
	@echo "make soak    half an hour of tests that take minutes, fuzzing and mutants"
	@echo "make mutants take out one guard after another, and tell which test notices   (ONLY=word: some)"
	@echo "make faults  run the tests of docs/faults.md, and write it   (SHORT=1: without those that take minutes; ROWS=\"9 10\")"
	@echo "make fuzz    search for bytes that break a parser, SECONDS=60 for each; what is found is kept as a test"
	@echo "make train   train from scratch and submit the result to the gate   (QUICK=1: fewer epochs)"
	@echo "make check   formatting, lint and types"
	@echo "make bench   measure everything, a quarter of an hour; make bench-quick: under one; make load: Locust's users"
	@echo "make audit   ask the advisories about every locked package; make sbom: bills of materials in sbom/"
	@echo "make wheel   make dist/relearn_server-….whl, which serves wherever there is Python"
	@echo "make images  build relearn-serve and relearn-train, labelled with revision and time   (BUILD_FLAGS=...)"
	@echo "make release tag this commit as the version that pyproject.toml and the changelog say"
	@echo "make lock    resolve the locked requirements again   (UPGRADE=\"pillow httpx\": with their newest; UPGRADE=all)"

# The trainer's environment is built beside the server. Ctrl-C reaches all by the terminal; a signal to make alone is
# handed on. What is still being built ends with the server.
run: .venv-serve/ready
	@trap : INT; \
	$(MAKE) --silent --no-print-directory .venv-train/ready & builder=$$!; \
	.venv-serve/bin/python -m server --host $(HOST) --port $(PORT) & server=$$!; \
	trap 'kill $$server 2>/dev/null' TERM; \
	wait $$server; status=$$?; \
	while kill -0 $$server 2>/dev/null; do wait $$server; status=$$?; done; \
	kill $$builder 2>/dev/null; exit $$status

train: .venv-train/ready
	@exec .venv-train/bin/python -m trainer --from-scratch $(if $(QUICK),--quick)

# Whatever tries faults runs what takes long as well; so does who takes out guards (tests/mutants/checkout.py).
soak faults: export LONG_TESTS := 1
test: export LONG_TESTS := $(or $(LONG_TESTS),$(FAULTS))

test: .venv-serve/ready .venv-train/ready .venv-dev/ready
	$(PYTEST) --numprocesses $(PROCESSES) --no-loadscope-reorder --randomly-seed=$(SEED) \
		$(if $(RERUNS),--reruns $(RERUNS) --max-suite-reruns 3 -rR) $(if $(FAULTS),-p tests.faults.tally --whole --faults $(FAULTS))

# What needs no server, browser or database beside it.
test-fast: .venv-serve/ready .venv-dev/ready
	$(PYTEST) --numprocesses $(PROCESSES) --no-loadscope-reorder --randomly-seed=$(SEED) \
		-k "not postgresql" $(FAST)

FAST := $(patsubst %,tests/server/%,inference layouts models observe pictures predict routes serving web test_settings.py) \
	tests/export/test_gate.py tests/export/test_interval.py tests/export/test_shared.py

# Half an hour; with each seed, which is printed, it breaks and takes out others.
soak: .venv-serve/ready .venv-train/ready .venv-dev/ready .venv-fuzz/ready
	$(PYTEST) -m soak $(if $(SOAK_SEED),--randomly-seed=$(SOAK_SEED))
	.venv-dev/bin/python -m tests.mutants --some 40 $(if $(SOAK_SEED),--seed $(SOAK_SEED))

SOAK_SEED := $(if $(filter file,$(origin SEED)),,$(SEED))

mutants: .venv-serve/ready .venv-train/ready .venv-dev/ready
	.venv-dev/bin/python -m tests.mutants $(ONLY)

faults: .venv-serve/ready .venv-train/ready .venv-dev/ready
	$(PYTEST) --numprocesses $(PROCESSES) -p tests.faults.tally --faults docs/faults.md \
		--rows "$(ROWS)" $(if $(SHORT),,-m "")

fuzz: .venv-fuzz/ready
	.venv-fuzz/bin/python -m tests.fuzz $(SECONDS)

check: .venv-dev/ready
	.venv-dev/bin/ruff format --check .
	.venv-dev/bin/ruff check .
	.venv-dev/bin/mypy
	.venv-dev/bin/hadolint Dockerfile.serve Dockerfile.train

format: .venv-dev/ready
	.venv-dev/bin/ruff format .
	.venv-dev/bin/ruff check --fix .

bench: .venv-serve/ready .venv-train/ready .venv-bench/ready
	.venv-serve/bin/python -m benchmarks

bench-quick: .venv-serve/ready
	.venv-serve/bin/python -m benchmarks --quick

load: .venv-serve/ready .venv-dev/ready
	.venv-serve/bin/python -m benchmarks.service.load --locust .venv-dev/bin/locust

# Strict: a package that nobody could be asked about is no good news.
audit: .venv-audit/ready
	@failed=; for lock in requirements-*.txt; do echo "$$lock"; \
		.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes -r $$lock || failed="$$failed $$lock"; done; \
	test -z "$$failed" || { echo "A package has a known hole, or the advisories could not be asked about it:$$failed" >&2; exit 1; }

# CycloneDX, of what is installed, with licences.
sbom: .venv-audit/ready .venv-serve/ready .venv-train/ready
	@mkdir -p sbom
	.venv-audit/bin/cyclonedx-py environment $(SBOM_FLAGS) -o sbom/serve.cdx.json .venv-serve/bin/python
	.venv-audit/bin/cyclonedx-py environment $(SBOM_FLAGS) -o sbom/train.cdx.json .venv-train/bin/python

SBOM_FLAGS := --pyproject pyproject.toml --output-reproducible --output-format JSON

wheel: .venv-wheel/ready
	@rm -rf dist
	.venv-wheel/bin/hatchling build -t wheel -d dist
	.venv-wheel/bin/check-wheel-contents dist

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

# A revision of which something was changed says so.
images:
	docker build -f Dockerfile.serve $(LABELS) $(BUILD_FLAGS) -t relearn-serve -t relearn-serve:$(VERSION) .
	docker build -f Dockerfile.train $(LABELS) $(BUILD_FLAGS) -t relearn-train -t relearn-train:$(VERSION) .

LABELS = --label org.opencontainers.image.revision=$$(git describe --always --dirty --abbrev=40 --exclude='*') \
	--label org.opencontainers.image.created=$$(date -u +%Y-%m-%dT%H:%M:%SZ)

# Only what is committed, and what the changelog says of it, with its date. What is made of it is built from the tag.
release:
	@test -z "$$(git status --porcelain)" || { echo "Something is not committed: git status" >&2; exit 1; }
	@grep -Eq '^## $(VERSION) \([0-9]{4}-[0-9]{2}-[0-9]{2}\)$$' CHANGELOG.md || \
		{ echo "CHANGELOG.md has no heading '## $(VERSION) ($$(date +%Y-%m-%d))'." >&2; exit 1; }
	git tag -a v$(VERSION) -m $(VERSION)

# All is resolved at once, and what environments and images are built from is exported from that. Where files come from is
# the business of whoever installs them: uv.lock has their names and hashes, as of a folder (docs/decisions/0064-one-lock.md).
lock: $(UV)
	$(UV) lock --quiet $(UPGRADES)
	sed -E 's|url = "[^"]*/([^"/]+)"|path = "\1"|; s|registry = "[^"]*"|registry = "wheels"|' uv.lock >uv.lock.new
	mv uv.lock.new uv.lock
	$(EXPORT) -o requirements-serve.txt
	$(EXPORT) --extra train -o requirements-train.txt
	$(EXPORT) --extra docker -o requirements-docker.txt
	$(EXPORT) --extra postgres -o requirements-postgres.txt
	$(EXPORT) --extra grpc -o requirements-grpc.txt
	$(EXPORT) --extra telemetry -o requirements-telemetry.txt
	$(EXPORT) --extra mlflow -o requirements-mlflow.txt
	$(EXPORT) --extra mlflow --group tracking -o requirements-tracking.txt
	$(EXPORT) --all-extras --no-extra mlflow --group dev -o requirements-dev.txt
	$(EXPORT) --group bench -o requirements-bench.txt
	$(EXPORT) --group fuzz -o requirements-fuzz.txt
	$(EXPORT) --only-group audit -o requirements-audit.txt
	$(EXPORT) --only-group wheel -o requirements-wheel.txt

# What is locked stays where it is, as long as that fits: UPGRADE names packages that are taken anew, or all.
UPGRADES = $(if $(filter all,$(UPGRADE)),--upgrade,$(addprefix --upgrade-package ,$(UPGRADE)))

EXPORT = $(UV) export --quiet --frozen --no-default-groups --no-emit-project --no-annotate

# Compiled ahead, a server starts in half the time, whoever it runs as; and the processes of a first `make test`, which load
# the same at the same moment, do not each compile it.
COMPILE_serve := --compile-bytecode
COMPILE_dev := --compile-bytecode
COMPILE_bench := --compile-bytecode

# What is being built is marked, so that the server does not take it for whole.
.venv-%/ready: requirements-%.txt | $(UV)
	@$(CHECK_PYTHON)
	@echo "building .venv-$*"
	@mkdir -p .venv-$* && touch .venv-$*/building
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-$*
	@$(UV) pip sync --quiet --require-hashes $(COMPILE_$*) --python .venv-$*/bin/python requirements-$*.txt
	@touch $@ && rm .venv-$*/building

# What the page's tests audit it and check its types with, and a client of the service; tests skip without. It needs npm.
.venv-node/ready:
	@npm install --silent --no-save --no-audit --no-fund --prefix .venv-node axe-core@$(AXE_VERSION) \
		axios@$(AXIOS_VERSION) typescript@$(TYPESCRIPT_VERSION)
	@touch $@

$(UV):
	@$(CHECK_PYTHON)
	@$(PYTHON) -m venv .venv-uv
	@.venv-uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# There are wheels of TensorFlow for these alone. The first line is read by any Python there ever was.
define CHECK_PYTHON
found=$$($(PYTHON) -c 'import sys; print("Python %s.%s" % tuple(sys.version_info[:2]))' 2>/dev/null) || found="no Python"; \
case " $(PYTHONS:%=Python %,) " in \
*" $$found, "*) ;; \
*) echo "Relearn needs Python $(firstword $(PYTHONS)) to $(lastword $(PYTHONS)), and $(PYTHON) is $$found." \
	"Another one: make PYTHON=/path/to/python$(lastword $(PYTHONS)) ..." >&2; exit 1 ;; esac; \
$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	{ echo "Relearn needs Python's venv module, which $(PYTHON), $$found, lacks." \
	"On Debian: apt-get install python3-venv" >&2; exit 1; }
endef

clean:
	rm -rf .venv-uv .venv-serve .venv-train .venv-dev .venv-bench .venv-fuzz .venv-node .venv-audit .venv-wheel .venv-tracking sbom dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
