"""The version, in the one place that pyproject.toml and the headers of saved files read it from."""

__version__ = "0.1.0"
