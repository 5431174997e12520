# Names the daily commands; what they do is in package.json, tools/ and deploy/.
# Needs bash, make and npm. Node and pnpm come into .toolchain/ by themselves.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/.toolchain/bin:$(CURDIR)/node_modules/.bin:$(PATH):/usr/sbin:/usr/local/sbin
# Sources run as they are; what Node makes of them is kept. Without it each process loads the stripper of types: 20 MiB.
export NODE_COMPILE_CACHE ?= $(CURDIR)/node_modules/.cache/compile

PROTOS := $(shell find proto -name '*.proto' -o -name 'buf*.yaml' 2>/dev/null)
MANIFESTS := package.json pnpm-workspace.yaml $(wildcard packages/*/package.json services/*/package.json deploy/local/package.json test/package.json)
READY := node_modules/.ready packages/wire/src/gen/.ready

.PHONY: help up down demo test conformance fuzz check model fmt gen bench bench-peers load sim chaos chaos-full chaos-gate

help: ## What there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

up: $(READY) ## Start everything on this machine; Ctrl-C ends it
	@exec node deploy/local/src/main.ts up

down: $(READY) ## End what `make up` started on MILLRACE_HOME
	@exec node deploy/local/src/main.ts down

demo: $(READY) ## Run a flow, kill its engine in the middle, see it end
	@exec node test/demo/demo.ts

test: $(READY) ## Unit tests, then end to end; last line: N passed, N failed
	@exec node packages/testkit/src/test-servers.ts node tools/test/run.ts 'packages/*/src/**/*.test.ts' 'services/*/src/**/*.test.ts' 'services/*/test/**/*.test.ts' 'deploy/**/*.test.ts' 'tools/**/*.test.ts' 'test/bench/*.test.ts' 'test/load/*.test.ts' 'test/simulation/**/*.test.ts' 'test/conformance/*.test.ts' 'test/conformance/items/*.test.ts' 'test/chaos/bugs/*.test.ts' 'test/chaos/{check,load,run}/*.test.ts' -- 'test/e2e/**/*.test.ts' 'test/chaos/faults/*.test.ts'

conformance: $(READY) ## Every promise about executions, through REST and gRPC, into docs/conformance.md (ONLY=section-07)
	@exec node test/conformance/run.ts

fuzz: $(READY) ## Hundreds of requests for every REST operation, made from its schemas (FUZZ_RUNS=300 FUZZ_SEED=1 FUZZ_ONLY=Execution)
	@FUZZ_RUNS=$${FUZZ_RUNS:-300} exec node --test --test-reporter=spec 'test/fuzz/*.test.ts'

sim: $(READY) ## Histories of all services in one process: 10,000 or 10 minutes (SEED=… repeats one)
	@test -n "$${SEED:-}" || node --no-node-snapshot --disable-warning=ExperimentalWarning test/simulation/gate.ts
	@exec node --no-node-snapshot --disable-warning=ExperimentalWarning test/simulation/main.ts

check: $(READY) ## Format, lint, types, dead code, import law, sizes, licences, contracts
	@exec node tools/check/main.ts

model: $(READY) ## Check the protocol models with Spin, with and without each guard
	@exec node tools/model/main.ts

fmt: $(READY) ## Format everything
	@prettier --log-level warn --write .

gen: $(READY) ## Generate code from proto/
	@rm -f packages/wire/src/gen/.ready && $(MAKE) packages/wire/src/gen/.ready

bench: $(READY) ## What we promise, measured, into docs/benchmarks.md (ONLY=timers)
	@exec node test/bench/main.ts $(ONLY)

load: $(READY) ## Load and limits, into docs/benchmarks.md (ONLY=steady MINUTES=60)
	@exec node test/bench/main.ts $(or $(ONLY),load)

bench-peers: $(READY) ## Millrace, Restate and DBOS in turn on the same work (TURNS=5)
	@exec node test/bench/peers.ts millrace restate dbos

chaos: $(READY) ## Faults on real stacks for half an hour (MINUTES=29 LANES=2 ROWS=M1,M5 SEED=1)
	@exec node test/chaos/slice.ts $(if $(MINUTES),--minutes $(MINUTES)) $(if $(LANES),--lanes $(LANES)) $(if $(ROWS),--rows $(ROWS)) $(if $(SEED),--seed $(SEED))

chaos-full: $(READY) ## Every row with its clean runs; goes on where it was stopped (LANES=2 ROWS=M1,M5 SEED=1)
	@exec node test/chaos/slice.ts --full --resume $(if $(MINUTES),--minutes $(MINUTES)) $(if $(LANES),--lanes $(LANES)) $(if $(ROWS),--rows $(ROWS)) $(if $(SEED),--seed $(SEED))

chaos-gate: $(READY) ## Plant bugs, one by one: each must be found (ONLY=name,… WITH=simulation,M1,…)
	@exec node test/chaos/gate.ts $(if $(ONLY),--only $(ONLY)) $(if $(WITH),--with $(WITH))

.toolchain/stamp: deploy/toolchain.sh
	@deploy/toolchain.sh >/dev/null && touch $@

node_modules/.ready: .toolchain/stamp pnpm-lock.yaml $(MANIFESTS)
	@pnpm install --frozen-lockfile --prefer-offline --reporter=append-only --loglevel=error >&2 && touch $@

packages/wire/src/gen/.ready: node_modules/.ready $(PROTOS)
	@pnpm --filter @millrace/wire run --if-present gen >&2 && mkdir -p $(@D) && touch $@
