"""Thermodynamics: structures and ensembles by ViennaRNA, and how sure they are."""
