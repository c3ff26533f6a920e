# Tout part d'ici, sur une machine qui n'a que Python (3.11 ou plus) et make.
#
#   make reports   installe ce qu'il faut et produit toutes les analyses du territoire par défaut, dans reports/, une édition après
#                  l'autre (ARGS="--edition 2022-12" : une seule), et celles du contrat suivant (data/exemple-2024) dans reports-2024/
#   make test      installe ce qu'il faut et passe les tests        (ARGS="-m slow" : les tests longs)
#   make lab       ouvre les carnets dans JupyterLab, à côté des données et des pages
#   make bench     affiche les mesures de vitesse et de mémoire
#   make docs      produit la documentation en un petit site, dans site/
#   make image     refait l'image d'une fiche que montre la documentation (avec Chromium)
#   make clean     efface ce qui se reconstruit                      (make distclean : l'environnement aussi)

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PRET := $(VENV)/.pret
PRET_DEV := $(VENV)/.pret-dev
AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js

UV_VERSION := 0.13.9
AXE_VERSION := 4.14.1

# uv installe en quelques secondes et vérifie chaque empreinte de constraints.txt, aussi de ce qui sert à construire le paquet ; sans lui, pip
# fait de même, plus lentement et en installant tout : il n'accepte pas d'empreintes à côté d'un paquet en place (--editable).
# Compiler les bibliothèques une fois épargne plusieurs secondes à chaque commande.
install = if [ -x $(BIN)/uv ]; then \
	    UV_COMPILE_BYTECODE=1 $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt \
	      --build-constraint constraints.txt --editable '$(1)'; \
	  else \
	    $(BIN)/python -m pip install --quiet --require-hashes --requirement constraints.txt && \
	    $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .; \
	  fi

# Python garde ce qu'il compile de notre code, où que l'on soit : chaque commande le referait.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: reports test slow lab bench docs image constraints clean distclean
.DEFAULT_GOAL := reports

reports: $(PRET)
	$(BIN)/cvanalysis build $(if $(findstring --edition,$(ARGS)),,--editions) $(ARGS)
	$(if $(ARGS),,$(BIN)/cvanalysis build --data data/exemple-2024 --out reports-2024)

test: $(PRET_DEV)
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

# Ceux qui mesurent, tuent des processus ou occupent tous les cœurs passent ensuite, un à la fois ; un seul passage dit tout ce qui ne va pas.
slow: $(PRET_DEV)
	@$(BIN)/python -m pytest -m "slow and not seul" -n auto --dist loadfile $(ARGS); ensemble=$$?; \
	  $(BIN)/python -m pytest -m "slow and seul" $(ARGS); seuls=$$?; \
	  [ $$ensemble = 0 ] && exit $$seuls; exit $$ensemble

lab: $(PRET)
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks $(ARGS)

bench: $(PRET_DEV)
	@for mesure in bench/bench_*.py; do $(BIN)/python "$$mesure" || exit 1; done

docs: $(PRET_DEV)
	$(BIN)/mkdocs build --quiet

image: reports
	chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer --print-to-pdf=docs/fiche.pdf \
	  "file://$(CURDIR)/$$(ls $$(ls -d reports/*/ | tail -1)quartiers/*.html | head -1)"
	pdftoppm -r 80 -f 1 -l 1 -singlefile -png docs/fiche.pdf docs/fiche
	rm docs/fiche.pdf

$(PRET): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 ou plus est nécessaire ; celui-ci est : $$($(PYTHON) --version). Essayez : make PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
	  { echo "L'environnement n'a pas pu être créé : le module venv de Python manque (paquet python3-venv sous Debian)." >&2; exit 1; }
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION) || echo "uv ne s'installe pas : pip le remplace." >&2
	@$(call install,.)
	@touch $@

$(PRET_DEV): $(PRET)
	@$(call install,.[cluster$(,)dev])
	@if command -v npm >/dev/null; then \
	    [ -f $(AXE) ] || npm install --silent --no-audit --no-fund --prefix $(VENV)/axe axe-core@$(AXE_VERSION) >/dev/null; \
	  else \
	    echo "npm manque : les tests d'accessibilité dans le navigateur seront sautés." >&2; \
	  fi
	@touch $@

, := ,

# Les versions essayées ensemble, avec les empreintes de leurs fichiers ; à relancer pour les mettre à jour.
constraints: $(PRET_DEV)
	sed -n 's/^requires = \["\(.*\)"\]/\1/p' pyproject.toml | $(BIN)/uv pip compile pyproject.toml - --all-extras --universal \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --python-version 3.11 --upgrade --quiet \
	  --output-file constraints.txt

clean:
	mkdir -p data/processed reports
	find data/processed reports -mindepth 1 ! -name .gitkeep -delete
	rm -rf reports-2024 data/exemple-2024-processed
	rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)
