"""papermill's entry point for our engine. Owns its name; the engine itself is in `engine`.

papermill loads every registered engine at the very end of its own import, and `ForkEngine` derives from a class of papermill:
whichever of the two is imported first would find the other half made. So this module imports nothing, and hands the class
over when it is asked for it, by which time papermill's classes exist.
"""

__all__ = ["ForkEngine"]  # noqa: F822 (given by __getattr__)


def __getattr__(name: str) -> object:
    if name != "ForkEngine":
        raise AttributeError(name)
    import papermill  # noqa: F401  (first: its import asks for this very name, and finds its classes ready)

    from cvanalysis.publish.run.engine import ForkEngine

    return ForkEngine
