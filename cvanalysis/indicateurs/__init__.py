"""INSEE's figures: files → tidy indicators (`clean`), and one module per kind of question asked of them."""
