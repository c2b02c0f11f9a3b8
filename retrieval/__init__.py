"""Pages become answers. The door is `Library`; importing it loads no model."""

from retrieval.library import Library

__all__ = ["Library"]
