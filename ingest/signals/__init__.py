"""Signals: reads what a reply means, in the memory of one process, and forgets the words."""

from ingest.signals.classifier import Classifier, Rules

__all__ = ["Classifier", "Rules"]
