# "make" shows the verbs. Nothing but Go, git and make has to be there; what tests need
# beyond that they install or leave out, and say so.

# Tools, run from Go's build cache at these versions.
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2

PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64
FUZZ_SECONDS ?= 20

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help build generate demo test test-ci test-full race fuzz bench bench-gate golden lint fmt fmt-check tidy-check cross tidb check

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build bin/dbmesh
	CGO_ENABLED=0 go build -trimpath -o bin/dbmesh ./cmd/dbmesh

generate: ## Write the SDKs' constants anew from core/abi, and pack the SDKs
	go run ./core/abi/generate
	go run ./cmd/dbmesh/scaffold/pack

demo: build ## Show dbmesh at work before a writer and two readers, until Ctrl-C
	@echo "building the demo's embedded backends (a minute the first time)"
	@cd demo && CGO_ENABLED=0 go build -o ../bin/demo ./cmd/demo
	@exec bin/demo

test: ## Run all tests in their short form, on real MariaDB servers (14 minutes)
	@scripts/install-servers.sh
	@scripts/install-toolchains.sh
	@scripts/test.sh short

test-ci: tidb ## Run what CI adds: TiDB, longer tests, fuzzing, other platforms (55 minutes)
	@scripts/install-servers.sh
	@scripts/install-toolchains.sh
	@scripts/test.sh ci
	@DBMESH_TEST_SCALE=ci go test -race -run '^TestSwapsUnderLoadFail' ./tests/live
	@$(MAKE) --no-print-directory fuzz bench-gate cross

test-full: tidb ## Run the long tests that precede a release (hours)
	@scripts/install-servers.sh
	@scripts/install-toolchains.sh
	@scripts/test.sh full
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=600
	@$(MAKE) --no-print-directory bench-gate cross

race: ## Run the unit tests with the race detector (needs a C compiler)
	go test -race ./core/... ./filters/... ./cmd/...

fuzz: ## Run each fuzz target for FUZZ_SECONDS (20)
	@scripts/fuzz.sh $(FUZZ_SECONDS)

bench: ## Measure dbmesh beside HAProxy and a plain forwarder (25 minutes)
	go run ./tests/bench

bench-gate:
	go run ./tests/bench -gate -secs 0.5

golden: ## Write the files anew that tests compare with; review the difference
	@for dir in $$(git grep -lE 'flag\.Bool\("update"' -- '*_test.go' | xargs -n 1 dirname | sort -u); do \
		(cd $$dir && DBMESH_TEST_SCALE=ci go test -count=1 . -update); \
	done

lint: ## Run the linters of .golangci.yml, the import rules among them
	go run $(GOLANGCI_LINT) run ./...

fmt: ## Format all Go code
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')

fmt-check:
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi

tidy-check:
	go mod tidy -diff
	go mod verify

cross:
	@for platform in $(PLATFORMS); do \
		echo "build $$platform"; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} go build -trimpath -o /dev/null ./cmd/dbmesh; \
	done
	@echo "vet darwin"; CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go vet ./core/... ./filters/... ./cmd/...

tidb:
	@tests/tidb/build.sh

check: fmt-check lint tidy-check ## Lint, vet, import rules, race tests and a clean tree
	go vet ./...
	cd demo && go vet ./...
	cd filter-sdk && go vet ./... && GOOS=wasip1 GOARCH=wasm go vet ./dbmesh
	cd examples/filters && go vet ./...
	go test ./tests/arch ./tests/docs
	@$(MAKE) --no-print-directory race
	@changed=$$(git status --porcelain); \
	if [ -n "$$changed" ]; then echo "the tree is not clean:"; echo "$$changed"; exit 1; fi
