# cfemu needs cgo, and SQLite compiled with full-text search, math functions and scan status: build
# it by this file.
export GOFLAGS := -tags=sqlite_fts5,sqlite_math_functions
export CGO_ENABLED := 1
export CGO_CFLAGS := -O2 -g -DSQLITE_ENABLE_STMT_SCANSTATUS

tool := go tool -modfile=tools/go.mod
# Only these may look at the machine's time; everything else asks a clock.
timekeepers := /internal/clock$$|/internal/testkit$$|/hosttest$$

.PHONY: up build install test test-long check lint bench help

up: build ## Serve the sample project, fixtures/invoices, with its seed
	bin/cfemu up fixtures/invoices --seed

build: ## Build bin/cfemu
	go build -o bin/cfemu ./cmd/cfemu

install: ## Install cfemu to where `go install` puts programs
	go install ./cmd/cfemu

test: build ## Run the tests: Go's with the race detector, and the sample project's own with Node
	go test -race ./...
	@$(MAKE) --no-print-directory test-invoices

.PHONY: test-invoices
test-invoices: build
	@if command -v node >/dev/null 2>&1; then \
		bin/cfemu exec fixtures/invoices --seed -- node --test fixtures/invoices/test/; \
	elif [ "$$CI" = true ]; then \
		echo "Node 20 or newer is needed for the sample project's tests"; exit 1; \
	else \
		echo "left out: the sample project's own tests (they need Node 20 or newer)"; \
	fi

test-long: test ## Run the long tests too: crash loops, many emulators at once, fuzzing
	CFEMU_LONG=1 go test -race -timeout 60m ./...

lint: ## Run the linters
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "not gofmt'ed"; exit 1; }
	go vet ./...
	$(tool) staticcheck ./...
	$(tool) go-errorlint -asserts=false -comparison=true -errorf=true ./...
	@! go vet -vettool=$$($(tool) -n bodyclose) $$(go list ./... | grep -v /isolate) 2>&1 | grep 'body must be closed' | grep -v _test.go
	$(tool) forbidigo -set_exit_status '^time\.(Now|Sleep|After|AfterFunc|Tick|NewTimer|NewTicker)$$' $$(go list ./... | grep -Ev '$(timekeepers)')

check: lint test ## What CI runs: the linters and the tests

bench: build ## Measure, each figure beside a yardstick of the same run
	go test -run '^$$' -bench '^BenchmarkHouse$$' -benchtime 1x -timeout 15m ./cmd/cfemu

.PHONY: bench-parts
bench-parts: ## Measure the parts: products, wires, the engine
	go test -run '^$$' -bench . -benchtime 1s $$(go list ./... | grep -v /cmd/)

help: ## Show this help
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
