# make setup   installs what is missing on this machine, once
# make demo    two PostgreSQL servers, live traffic on both, kept in agreement; DEMO_ARGS="--for 30" ends by itself
# make test    everything that has to hold: format, lints, house rules, tests against real servers
# make test    PONTE_LARGE_MEGABYTES=200 tries values of 200 MB instead of 6
# make matrix  the sync's tests once more on pairs of PostgreSQL versions, 13 to 18; PAIRS="14:16 17:13" chooses others
# make bench   what the sync costs, beside the same work done by hand on the same servers; BENCH_ARGS="--quick" only shows that it runs
# make bench   BENCH_ARGS="--peers" puts other products beside it (scripts/peers.sh installs them)
# make simulate  the decisions of the sync on model databases, in random histories; SEEDS=10000 of them per topology
# make soak    writers on both sides while everything is killed at random, MINUTES=30 of it, printing its seeds; PONTE_CHAOS_REPLICA=1 in replica mode
# make lint    the first three of these
# make fmt     lays the sources out
# make build   target/release/ponte

CARGO ?= cargo
# A build that is checked builds what is locked.
LOCKED := $(if $(CI),--locked)
# cargo-nextest runs every test in a process of its own, and several at once; cargo's own runner does too, a crate at a time.
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)
RUN_TESTS := $(CARGO) $(if $(NEXTEST),nextest run,test) --no-fail-fast

.PHONY: help setup build demo test matrix bench simulate soak lint fmt reference

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
	$(RUN_TESTS) --workspace $(if $(NEXTEST),,--all-targets) $(LOCKED)
	$(CARGO) test --workspace --doc --quiet $(LOCKED)

# Each version with itself, the oldest with the newest both ways.
PAIRS ?= 13:13 14:14 15:15 16:16 17:17 18:18 13:18 18:13

matrix: setup
	scripts/servers.sh --all
	@failed=; for pair in $(PAIRS); do \
	  for package in ponte-pg ponte; do \
	    echo "matrix: PostgreSQL $$pair, $$package"; \
	    PONTE_TEST_MAJORS=$$pair $(RUN_TESTS) --package $$package --test sync $(LOCKED) || failed="$$failed $$pair"; \
	  done; \
	done; \
	test -z "$$failed" || { echo "matrix: failed with PostgreSQL$$failed"; exit 1; }

bench: build
	$(CARGO) run --release --quiet --package ponte-bench $(LOCKED) -- $(BENCH_ARGS)

SEEDS ?= 10000
simulate:
	$(CARGO) run --release --quiet --package ponte-sim $(LOCKED) -- --seeds 0..$(SEEDS)

MINUTES ?= 30
soak: setup
	PONTE_CHAOS_SECONDS=$$(($(MINUTES) * 40)) PONTE_BANK_SECONDS=$$(($(MINUTES) * 10)) PONTE_HOT_SECONDS=$$(($(MINUTES) * 10)) \
	  $(CARGO) test --package ponte --test sync $(LOCKED) -- --nocapture --test-threads 1 chaos:: bank:: hot::

reference:
	$(CARGO) xtask reference
