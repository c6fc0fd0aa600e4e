"""The benchmarks measure the program as it is: a change of it that breaks one is seen at once."""

import importlib
import pkgutil

import pytest

import benchmarks

MODULES = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_can_be_loaded(name: str) -> None:
    importlib.import_module(f"benchmarks.{name}")
