# cfemu needs cgo, and SQLite compiled with full-text search, math functions, counts of what programs
# do, and D1's limit of printf: build it by this file.
export GOFLAGS := -tags=sqlite_fts5,sqlite_math_functions
export CGO_ENABLED := 1
export CGO_CFLAGS := -O2 -g -DSQLITE_ENABLE_STMT_SCANSTATUS -DSQLITE_ENABLE_BYTECODE_VTAB -DSQLITE_PRINTF_PRECISION_LIMIT=100000

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

test: build ## Run the tests: Go's with the race detector; S3's clients for Go; with Node, the sample project's own, real clients' and some packages of npm
	go test -race ./...
	@$(MAKE) --no-print-directory test-s3-go
	@if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory test-invoices test-clients test-packages; \
	elif [ "$$CI" = true ]; then \
		echo "Node 20 or newer and npm are needed for the sample project's tests, the real clients and the packages"; exit 1; \
	else \
		echo "left out, for want of Node 20 or newer and npm: the sample project's own tests, the real clients (wrangler, drizzle, kysely, the SDK), the packages of npm"; \
	fi

.PHONY: test-invoices test-clients
test-invoices: build
	bin/cfemu exec fixtures/invoices --seed -- node --test fixtures/invoices/test/

# `npm ci` wants every platform's packages in the registry; this follows the lock file all the same.
clients := fixtures/clients
packages := fixtures/packages
%/node_modules/.package-lock.json: %/package-lock.json
	npm install --no-save --no-audit --no-fund --loglevel=error --prefix $*
	@touch $@

# Tests of clients, each as FILE:PROJECT. Each file has a cfemu of its own, which runs that project and
# asks for its token.
client-smokes := wrangler/d1_smoke:wrangler/shop wrangler/kv_smoke:wrangler/store wrangler/r2_smoke:wrangler/store sdk/d1:wrangler/shop \
	drizzle/worker:drizzle drizzle/kit_smoke:drizzle kysely/worker:kysely s3/smoke:s3/shop s3/programs_smoke:s3/shop
client-suites := wrangler/d1:wrangler/shop wrangler/d1_import:wrangler/shop wrangler/d1_export:wrangler/shop \
	wrangler/d1_insights:wrangler/shop wrangler/d1_jurisdiction:wrangler/shop wrangler/d1_time_travel:wrangler/shop \
	wrangler/kv:wrangler/store wrangler/r2:wrangler/store wrangler/r2_rules:wrangler/archive sdk/kv:wrangler/store sdk/r2:wrangler/store \
	sdk/d1_edit:wrangler/shop sdk/d1_dump:wrangler/shop sdk/d1_time_travel:wrangler/shop sdk/r2_temporary:wrangler/shop sdk/desk:../invoices \
	drizzle/api:drizzle drizzle/kit:drizzle \
	s3/objects:s3/shop s3/buckets:s3/shop s3/multipart:s3/shop s3/checksums:s3/shop s3/presigned:s3/shop s3/interop:s3/shop s3/programs:s3/shop
# Workers that Cloudflare's own runtime must answer for as cfemu does.
both-runtimes := drizzle kysely

test-clients: build $(clients)/node_modules/.package-lock.json
	node --test $(clients)/wrangler/smoke.mjs
	node --test --test-name-pattern 'remote D1|remote KV|getPlatformProxy' $(clients)/wrangler/remote.mjs
	$(call run-clients,$(client-smokes))

# S3's clients for Go, in a module of their own, with the flags of all: the standard library is built by
# then. Most of their time is their compilation, so that there is no shorter walk.
.PHONY: test-s3-go
test-s3-go: build
	bin/cfemu exec --require-token $(clients)/s3/shop -- go -C $(clients)/s3go test -count=1 ./...

.PHONY: test-clients-whole
test-clients-whole: build $(clients)/node_modules/.package-lock.json
	node --test $(clients)/wrangler/remote.mjs $(clients)/wrangler/import.mjs
	$(call run-clients,$(client-suites))
	@for project in $(both-runtimes); do \
		echo "$$project in workerd"; \
		node $(clients)/wrangler/dev.mjs $(clients)/$$project -- node --test $(clients)/$$project/worker.mjs || exit 1; \
	done
	node --test $(clients)/wrangler/assets.mjs

define run-clients
	@for each in $(1); do \
		echo "$${each%:*}"; \
		bin/cfemu exec --require-token $(clients)/$${each#*:} -- node --test $(clients)/$${each%:*}.mjs || exit 1; \
	done
endef

# The folders of fixtures/packages to run, by commas, or all. No race detector: what it could see in
# the engine it sees in the engine's own tests, and packages take ten times as long under it.
PACKAGES := hono,zod,jose,drizzle-orm,stripe
.PHONY: test-packages
test-packages: $(packages)/node_modules/.package-lock.json
	CFEMU_PACKAGES=$(PACKAGES) go test -count=1 -timeout 20m ./$(packages)

test-long: test ## Run the long tests too: crash loops, many emulators at once, all packages, real clients whole, the real D1, KV and R2 bindings, the admin page in Chromium
	CFEMU_LONG=1 go test -race -timeout 60m ./...
	@if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory test-packages PACKAGES=all && $(MAKE) --no-print-directory test-clients-whole && \
		$(firstword $(wildcard $(clients)/node_modules/node-*/bin/node) node) --test $(clients)/d1/record.mjs $(clients)/kv/record.mjs $(clients)/r2/record.mjs; \
	fi
	@if command -v chromium >/dev/null 2>&1; then \
		bin/cfemu exec fixtures/invoices --seed -- node --test fixtures/clients/browser/page.mjs; \
	else \
		echo "left out, for want of Chromium: the sample project's admin page"; \
	fi

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
	go test -run '^$$' -bench '^Benchmark(List|Writers)$$' -benchtime 20x ./kv ./r2

.PHONY: bench-long bench-parts
bench-long: bench ## Measure reads on a database of 5 GB too, which is made in the temporary folder and removed
	CFEMU_LONG=1 go test -run '^$$' -bench '^BenchmarkBigDatabase$$' -benchtime 1x -timeout 30m ./cmd/cfemu

bench-parts: ## Measure the parts: products, wires, the engine
	go test -run '^$$' -bench . -benchtime 1s $$(go list ./... | grep -v /cmd/)

help: ## Show this help
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
