# One virtual environment, two depths: the run-time packages for `demo` and `bench`, and on top of them the tools for
# `test`, `check` and `docs`. A stamp stands for each; it is renewed when pyproject.toml or constraints.txt changes,
# so a second call installs nothing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
TOOLS := $(VENV)/.tools
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

# pyright's launcher asks the package index for a newer release on each run; the pin has already answered.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

DEMO ?= demo
BENCHES := decode resume pairs startup intake sources duplicates interchange seeing shots rejects \
  genres embedding hearing reading evaluate similar selection siamese killed mining trailers rank ratings neighbours genre-cont \
  scenes warm hybrid regimes recommend

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two targets side by side would install into one environment.
.NOTPARALLEL:
.PHONY: help demo test check bench $(BENCHES:%=bench-%) docs clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## make ~48 clips, build a catalogue from them, show similar titles, recommend with reasons (into DEMO=demo)
	$(BIN)/triptych demo --folder '$(DEMO)'

test: $(TOOLS) ## run the tests on all cores (ARGS='-k name' passes options to pytest)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

# CI runs `make test` and then this (.ci/run); the tests are therefore not repeated here.
check: $(TOOLS) ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

bench: $(BENCHES:%=bench-%) ## all benchmarks (CLIP=file MEDIA=folder DATA=folder)

bench-scenes: $(RUNTIME) ## shared scenes found in pairs of clips, and what deleting them costs
	$(BIN)/python benchmarks/scenes.py

bench-hybrid: $(TOOLS) ## one model for cold items, warm ones and between; told afterwards against fitted anew (DATA=folder)
	$(if $(DATA),$(BIN)/python benchmarks/hybrid.py '$(DATA)',@echo 'bench-hybrid needs DATA=folder' >&2)

bench-warm: $(TOOLS) ## what comes next: two stages and the hybrid beside tuned ALS, EASE and item kNN (DATA=folder)
	$(if $(DATA),$(BIN)/python benchmarks/warm.py '$(DATA)',@echo 'bench-warm needs DATA=folder' >&2)

bench-regimes: $(TOOLS) ## what seeing and hearing add where little is written of items (DATA=folder)
	$(if $(DATA),$(BIN)/python benchmarks/regimes.py '$(DATA)',@echo 'bench-regimes needs DATA=folder' >&2)

bench-recommend: $(TOOLS) ## milliseconds of a warm process at 13,920 items, and recommend-all beside implicit (DATA=folder)
	$(BIN)/python benchmarks/recommend.py $(if $(DATA),'$(DATA)')

bench-decode: $(RUNTIME) ## frames and sound of one clip against OpenCV (CLIP=file)
	$(BIN)/python benchmarks/decode.py $(if $(CLIP),'$(CLIP)')

bench-resume: $(RUNTIME) ## kill extraction, resume it, compare (MEDIA=folder)
	$(BIN)/python benchmarks/resume.py $(if $(MEDIA),'$(MEDIA)')

bench-pairs: $(RUNTIME) ## do related clips find each other (MEDIA=folder)
	$(BIN)/python benchmarks/pairs.py $(if $(MEDIA),'$(MEDIA)')

bench-startup: $(RUNTIME) ## seconds to import, and to print the help
	$(BIN)/python benchmarks/startup.py

bench-intake: $(TOOLS) ## add 20 million ratings, beside pandas reading them (ROWS=…)
	$(BIN)/python benchmarks/intake.py $(if $(ROWS),--rows '$(ROWS)')

bench-sources: $(RUNTIME) ## fetch trailers from a local server with every fault, killed midway
	$(BIN)/python benchmarks/sources.py

bench-duplicates: $(RUNTIME) ## find the same content in several files (MEDIA=folder)
	$(BIN)/python benchmarks/duplicates.py $(if $(MEDIA),'$(MEDIA)')

bench-interchange: $(RUNTIME) ## add and export real data, compare what comes back (DATA=folder)
	$(BIN)/python benchmarks/interchange.py $(if $(DATA),'$(DATA)')

bench-seeing: $(TOOLS) ## the seeing panel of a 720p clip, beside the same frame by frame (CLIP=file)
	$(BIN)/python benchmarks/seeing.py $(if $(CLIP),'$(CLIP)')

# scenedetect asks for opencv-python, which would overwrite the headless one; it runs on either.
bench-shots: $(TOOLS) ## cuts and fades against known ones, beside PySceneDetect (MEDIA=folder)
	@$(BIN)/python -c 'import scenedetect' 2>/dev/null || $(INSTALL) --no-deps scenedetect
	$(BIN)/python benchmarks/shots.py $(if $(MEDIA),'$(MEDIA)')

bench-rejects: $(TOOLS) ## logos, cards, credits and black found at the ends of 100 clips (MEDIA=folder)
	$(BIN)/python benchmarks/rejects.py $(if $(MEDIA),'$(MEDIA)')

bench-genres: $(RUNTIME) ## genres told from real trailer features (DATA=folder)
	$(if $(DATA),$(BIN)/python benchmarks/genres.py '$(DATA)',@echo 'bench-genres needs DATA=folder' >&2)

bench-embedding: $(TOOLS) ## DINOv2 pictures a second, beside the device's ceiling
	$(BIN)/python benchmarks/embedding.py

bench-hearing: $(TOOLS) ## the hearing panel of 90 s of sound, beside librosa measure by measure (CLIP=file)
	$(BIN)/python benchmarks/hearing.py $(if $(CLIP),'$(CLIP)')

bench-reading: $(RUNTIME) ## the reading panel of MovieLens 100K, and what is nearest by it (DATA=folder)
	$(if $(DATA),$(BIN)/python benchmarks/reading.py '$(DATA)',@echo 'bench-reading needs DATA=folder' >&2)

bench-evaluate: $(RUNTIME) ## the item-based protocol: the published figures, beside loops, 16 million ratings (DATA=folder)
	$(BIN)/python benchmarks/evaluate.py $(if $(DATA),'$(DATA)')

bench-similar: $(RUNTIME) ## the 200 nearest of 13,920 items, beside scikit-learn
	$(BIN)/python benchmarks/similar.py

bench-selection: $(RUNTIME) ## 20 planted features among 2,304: which are found
	$(BIN)/python benchmarks/selection.py

bench-siamese: $(RUNTIME) ## an epoch of 25,000 pairs by the published networks, on cached features
	$(BIN)/python benchmarks/siamese.py

bench-killed: $(RUNTIME) ## kill networks while they train, go on, compare every byte
	$(BIN)/python benchmarks/killed.py

bench-mining: $(RUNTIME) ## pairs to learn from, out of ten million candidates (DATA=folder)
	$(BIN)/python benchmarks/mining.py $(if $(DATA),'$(DATA)')

bench-trailers: $(RUNTIME) ## the trailer network: what a leak is worth in R² for mean ratings
	$(BIN)/python benchmarks/trailers.py

bench-rank: $(RUNTIME) ## learning to rank cold items for cold users, beside the best fixed metric (DATA=folder)
	$(if $(DATA),$(BIN)/python benchmarks/rank.py '$(DATA)',@echo 'bench-rank needs DATA=folder' >&2)

bench-ratings: $(TOOLS) ## every rating model on u1 of MovieLens 100K, the best on u1 to u5 (DATA=folder ARGS=…)
	$(if $(DATA),$(BIN)/python benchmarks/ratings.py '$(DATA)' $(ARGS),@echo 'bench-ratings needs DATA=folder' >&2)

bench-neighbours: $(TOOLS) ## z-scored neighbours of ratings beside scikit-surprise's (DATA=folder)
	$(if $(DATA),$(BIN)/python benchmarks/neighbours_of_ratings.py '$(DATA)',@echo 'bench-neighbours needs DATA=folder' >&2)

bench-genre-cont: $(RUNTIME) ## ratings by like genres beside the direct triple loop (DATA=folder)
	$(if $(DATA),$(BIN)/python benchmarks/genre_cont.py '$(DATA)',@echo 'bench-genre-cont needs DATA=folder' >&2)

docs: $(TOOLS) ## write the reference, build site/, run the examples of the pages
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict --quiet
	$(BIN)/python -m pytest tests/docs

clean: ## remove what was built: the demo and the environment too
	rm -rf $(VENV) demo site docs/reference build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

# Makes the environment, or makes it anew where its making was interrupted. One that works is kept, whatever PYTHON
# says: `make clean` first to change it.
define environment
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Triptych needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) -V 2>&1 | head -n 1)." \
	      "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }; \
	  echo '$(PYTHON) -m venv $(VENV)'; $(PYTHON) -m venv --clear $(VENV); }
endef

$(RUNTIME): pyproject.toml constraints.txt
	$(environment)
	$(INSTALL) -e '.[fetch,light,train]'
	@touch $@

# Holds the run-time packages as well, in one resolution, so that `demo` after `test` installs nothing either.
$(TOOLS): pyproject.toml constraints.txt
	$(environment)
	$(INSTALL) -e '.[fetch,light,deep,train,spacy,ocr,fm,tune,cf,rank,umap,dev,docs]'
	@touch $(RUNTIME) $@
