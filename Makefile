# Thin on purpose: each target is one line that you could type yourself.

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: ## serve the provider, the API and the front end
	go run .

generate: ## write the Go files of the templ components
	go tool templ generate -path views

test: ## run every test that this machine can run
	go test ./...

browser: ## walk through the article in headless Chromium, in real time too
	SILENTRENEW_REQUIRE=chromium SILENTRENEW_REALTIME=1 go test -v -timeout 20m ./internal/walk

bench: ## measure the provider against the work it cannot avoid
	go test ./internal/bench -run '^$$' -bench . -benchtime 2000x -timeout 30m

fuzz: ## fuzz every target for half a minute
	.ci/fuzz 30s

lint: ## vet, staticcheck and the types of the JavaScript modules
	.ci/lint

third-party: ## fetch the pinned JavaScript libraries again and check them
	static/third_party/refresh.sh

check: ## do what the gate does
	.ci/run

.PHONY: help run generate test browser bench fuzz lint third-party check
