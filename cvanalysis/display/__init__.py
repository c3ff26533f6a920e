"""Claims → what the eye sees: sentences, figures, their alternatives, tables, maps. Only here is matplotlib known.

Imports nothing by itself: a command that draws nothing must not pay for what draws.
"""
