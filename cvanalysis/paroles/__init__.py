"""What people say: files → what each audience may read (`clean`), and what is said of it."""
