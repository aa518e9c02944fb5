# Everything a person types here sets itself up: the first target that needs Python builds .venv from the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: run test nightly reference races matrix kills conform fuzz nodes spec guards pythons bars bench clean

run: $(STAMP)           ## the main job: a two-way referral on four validators, one of them lying
	$(BIN)/yilian run

test: $(STAMP)          ## style, types, house rules and every test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

nightly: $(VENV)/.spec       ## the long runs: compiled contracts, models, small plans, races, levels of the kit
	YILIAN_STEPS=5000000 $(BIN)/python -m pytest -q -s tests/language/test_compiled.py
	$(BIN)/python -m tests.spec --long
	$(BIN)/python -m tests.systems.catch_up --trials 5000
	for engine in tendermint pbft hotstuff streamlet; do \
	  $(BIN)/yilian explore --engine $$engine --enumerate small --rounds 3 || exit 1; \
	  $(BIN)/yilian explore --engine $$engine --enumerate twins --rounds 3 || exit 1; \
	  $(BIN)/yilian explore --engine $$engine --members --runs 2000 || exit 1; done
	$(BIN)/python -m tests.sim.opaque_zoo
	$(MAKE) conform

reference: $(STAMP)     ## one million plans over the BFT engines of the reference, of which none may break anything
	$(BIN)/yilian explore --reference --runs 1000000 --heights 1

races: $(STAMP)         ## an attacker races the engine of proof of work 20,000 times a row, beside the exact probability
	$(BIN)/python -m tests.systems.catch_up --trials 20000

matrix: $(STAMP)        ## every planted bug against every way to draw plans, as the page docs/reference/kill-matrix.md
	$(BIN)/yilian matrix --markdown docs/reference/kill-matrix.md

kills: $(STAMP)          ## every planted bug at the door, and the page docs/reference/clause-kills.md out of all that is kept
	$(BIN)/yilian selfcheck --door --json > conformance/zoo/kills/door.part
	mv conformance/zoo/kills/door.part conformance/zoo/kills/door.json
	$(BIN)/yilian matrix --clauses --markdown docs/reference/clause-kills.md > /dev/null

fuzz: $(STAMP)          ## ten million inputs into the readers of the language
	$(BIN)/python -m tests.language.fuzz --count 10000000

spec: $(VENV)/.spec     ## what is claimed of the specification, as one table: proofs, models, their link to the code
	$(BIN)/python -m tests.spec

guards: $(VENV)/.spec   ## every guard of the models removed, one at a time, and what falls then
	$(BIN)/python -m tests.spec.guards

bars: $(STAMP)          ## what an implementer waits for: first green, the levels, one pipe; figures beside their bars
	$(BIN)/python -m tests.systems.bars --long

pythons: $(STAMP)       ## the run under every supported Python of this machine, compared
	$(BIN)/python -m tests.systems.pythons

LEVEL ?= L3
BUGS ?=

conform: $(STAMP)       ## the reference, the nodes in JavaScript and Go up to LEVEL (L3), and BUGS of the zoo (all) through the door
	@command -v node >/dev/null && command -v go >/dev/null || { echo "make conform needs node 20 and go 1.22 or newer" >&2; exit 2; }
	cd conformance/nodes/go && go build -o node ./...
	$(BIN)/yilian conform --cmd '$(BIN)/yilian node' --level $(LEVEL) --out out/reference --html out/reference.html
	$(BIN)/yilian conform --cmd 'node conformance/nodes/js/node.js' --level $(LEVEL) --out out/js --html out/js.html
	$(BIN)/yilian conform --cmd conformance/nodes/go/node --level $(LEVEL) --out out/go --html out/go.html
	$(BIN)/yilian selfcheck --door $(addprefix --bug ,$(BUGS))

nodes: $(STAMP)         ## verifiers in other languages answer the vectors, and 400 drawn programs; needs node 20 and go 1.22 or newer
	@command -v node >/dev/null || { echo "make nodes needs node 20 or newer, and there is no node here" >&2; exit 2; }
	node conformance/nodes/js/verify.js conformance/vectors/v1
	$(BIN)/python -m tests.language.drawn_vectors out/drawn --programs 400
	node conformance/nodes/js/verify.js out/drawn
	@command -v go >/dev/null || { echo "make nodes needs go 1.22 or newer too, and there is no go here: the verifier in Go was not run" >&2; exit 2; }
	cd conformance/nodes/go && go build -o node ./...
	conformance/nodes/go/node verify conformance/vectors/v1
	conformance/nodes/go/node verify out/drawn
	$(BIN)/python -m tests.vectors.consumers

bench: $(STAMP)         ## speed, as ratios within one run; JSON on stdout
	$(BIN)/python -m bench

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "yilian needs Python 3.11 or newer; $(PYTHON) is older. Use: make PYTHON=python3.11 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "yilian needs the venv module: apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $(STAMP)

$(VENV)/.spec: $(STAMP)
	$(BIN)/python -m pip install --quiet --group spec
	@command -v node >/dev/null && command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --group node || true
	@command -v java >/dev/null || $(BIN)/python -m pip install --quiet --group java || true
	@touch $@

clean:
	rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache .hypothesis
