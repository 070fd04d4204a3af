"""Streamlit looks through every installed package for components anew for each AppTest: once a process is enough."""

from __future__ import annotations

from functools import cache

from streamlit.components.v2 import manifest_scanner

manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
