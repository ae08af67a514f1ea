"""Suites of tasks, models against them, and tables a reviewer can trust."""
