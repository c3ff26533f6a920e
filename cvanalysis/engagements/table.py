"""`engagements.parquet` and `partenaires.parquet`: their files, columns and words. Cleaning fills them, findings read them."""

from cvanalysis.actions.table import NON_RENSEIGNE

ENGAGEMENTS, PARTENAIRES = "engagements.csv", "partenaires.csv"
AVANCEMENTS = ("réalisé", "partiel", "en cours", "non engagé", "abandonné", "réorienté", NON_RENSEIGNE)
APPRECIATIONS = ("satisfaisant", "mitigé", "insatisfaisant")
NATURES = ("nouveau", "renforcé")
PREFIXE = "appreciation_"
"""Before the id of a college: the column of its judgement."""

COLONNES = ("code", "libelle")
LISTES = ("partenaires", "partenaires_vus", "quartiers", "actions", "indicateurs")
FACULTATIVES = ("pilier", "theme", "nature", "pilote", *LISTES, "avancement", "preuve", "date_preuve", "obstacle")
