"""Notebooks → pages. Owns the plan, the engine, the batch, the site; refuses to compute or to draw anything."""
