"""Trained weights at work: one protocol, two engines, and where weights are found."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
"""ONNX Runtime reads it when it is imported; since 1.29 it would report its use to its maker, and leave an
identifier in the folders for temporary and cached files."""
