"""Notebooks → pages. Owns the plan, the engine, the build, the site; refuses to compute or to draw anything."""
