# make setup   installs what is missing on this machine, once
# make demo    two PostgreSQL servers, live traffic on both, kept in agreement; DEMO_ARGS="--for 30" ends by itself
# make test    everything that has to hold: format, lints, house rules, tests against real servers
# make bench   what the sync costs, beside the same work done by hand on the same servers; BENCH_ARGS="--quick" only shows that it runs
# make lint    the first three of these
# make fmt     lays the sources out
# make build   target/release/ponte

CARGO ?= cargo
# A build that is checked builds what is locked.
LOCKED := $(if $(CI),--locked)
# cargo-nextest runs every test in a process of its own, and several at once; cargo's own runner does too, a crate at a time.
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

.PHONY: help setup build demo test bench lint fmt reference

help:
	@sed -n 's/^# \(make .*\)/\1/p' $(MAKEFILE_LIST)

setup:
	@scripts/setup.sh

build: setup
	$(CARGO) build --release --package ponte $(LOCKED)

demo: build
	target/release/ponte demo $(DEMO_ARGS)

fmt:
	$(CARGO) fmt --all

lint: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets $(LOCKED) -- -D warnings
	$(CARGO) xtask tidy

test: lint
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run --workspace --no-fail-fast $(LOCKED)
else
	$(CARGO) test --workspace --all-targets --no-fail-fast $(LOCKED)
endif
	$(CARGO) test --workspace --doc --quiet $(LOCKED)

bench: build
	$(CARGO) run --release --quiet --package ponte-bench $(LOCKED) -- $(BENCH_ARGS)

reference:
	$(CARGO) xtask reference
