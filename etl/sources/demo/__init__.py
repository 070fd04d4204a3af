"""The demo generator: invented municipalities as journal bundles, the same bytes for the same seed.

It writes the bundle contract (docs in the project) and knows nothing of the loader.
"""

from __future__ import annotations

from etl.sources.demo.generate import GeneratedBundle, generate
from etl.sources.demo.plan import Tier

__all__ = ["GeneratedBundle", "Tier", "generate"]
