"""Rerank: candidates of several sources, put in order by a model that learned from the past."""
