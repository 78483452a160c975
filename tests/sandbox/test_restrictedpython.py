"""RestrictedPython's own tests, from the source distribution of the installed version, against the policy of rules.

Each test that comes out otherwise than with RestrictedPython's own policy stands in a table here, with the reason.
The distribution is fetched once by pip, and kept in pytest's cache.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# A new version of RestrictedPython needs a look at its changes, and its distribution's hash here.
SHA256 = {"9.0": "9e809cc073b9398f41084f1b801cf9a8c2a126feb0003b6af52fedeb2a3408e1"}

# reason: (file: tests)
DIFFERENCES: dict[str, dict[str, str]] = {
    "iteration, unpacking and `*` are native: no object that a rule can hold hides items": {
        "tests/test_Guards.py": """
            test_Guards__guarded_unpack_sequence__1
        """,
        "tests/test_iterating_over_dict_items.py": """
            test_iterate_over_dict_items_plain
        """,
        "tests/transformer/test_assign.py": """
            test_RestrictingNodeTransformer__visit_Assign__1
            test_RestrictingNodeTransformer__visit_Assign__2
        """,
        "tests/transformer/test_call.py": """
            test_RestrictingNodeTransformer__visit_Call__2
        """,
        "tests/transformer/test_dict_comprehension.py": """
            test_dict_comprehension_with_attrs
        """,
        "tests/transformer/test_iterator.py": """
            test_RestrictingNodeTransformer__guard_iter__1
            test_RestrictingNodeTransformer__guard_iter__2
        """,
    },
    "`print` is a function of the worker's, which writes to the trace: nothing is collected in `printed`": {
        "tests/test_compile_restricted_function.py": """
            test_compile_restricted_function
            test_compile_restricted_function_can_access_global_variables
            test_compile_restricted_function_func_wrapped
            test_compile_restricted_function_pre_parse_exec
            test_compile_restricted_function_with_arguments
        """,
        "tests/test_print_function.py": """
            test_print_function__nested_print_collector
            test_print_function__protect_file
            test_print_function__simple_prints
            test_print_function_conditional_print
            test_print_function_no_new_scope
            test_print_function_pass_print_function
            test_print_function_with_kw_args
            test_print_function_with_star_args
        """,
        "tests/transformer/test_fstring.py": """
            test_f_string_self_documenting_expressions
        """,
        "tests/transformer/test_name.py": """
            test_RestrictingNodeTransformer__visit_Name__6
            test_RestrictingNodeTransformer__visit_Name__7
        """,
    },
    "names that rules do not have (`exec`, `eval`, `builtins`) are found by `sandbox.checks`, in whole rules": {
        "tests/test_Guards.py": """
            test_call_py3_builtins
        """,
        "tests/test_compile.py": """
            test_compile_restricted_eval
        """,
        "tests/test_imports.py": """
            test_import_py3_as_builtins
            test_import_py3_builtins
        """,
        "tests/transformer/test_breakpoint.py": """
            test_call_breakpoint
        """,
        "tests/transformer/test_eval_exec.py": """
            test_RestrictingNodeTransformer__visit_Eval__1
            test_RestrictingNodeTransformer__visit_Exec__2
        """,
    },
    "augmented assignment to attributes, items and slices is rewritten to a guarded read and a guarded write": {
        "tests/transformer/test_augassign.py": """
            test_RestrictingNodeTransformer__visit_AugAssign__2
            test_RestrictingNodeTransformer__visit_AugAssign__3
            test_RestrictingNodeTransformer__visit_AugAssign__4
            test_RestrictingNodeTransformer__visit_AugAssign__5
        """,
    },
    "`nonlocal` binds checked names of the rule's own functions": {
        "tests/transformer/test_global_local.py": """
            test_Nonlocal
        """,
    },
    "`_` is a name, but no attribute": {
        "tests/transformer/test_attribute.py": """
            test_RestrictingNodeTransformer__visit_Attribute__4
        """,
    },
    "`return` must not leave `finally`, where it would swallow the time limit": {
        "tests/transformer/test_try.py": """
            test_RestrictingNodeTransformer__visit_TryFinally__1
        """,
    },
    "a bare `except` is `except Exception`, by a hook that their namespace does not have": {
        "tests/transformer/test_try.py": """
            test_RestrictingNodeTransformer__visit_TryFinally__2
        """,
    },
    "no context managers are available": {
        "tests/transformer/test_with_stmt.py": """
            test_with_stmt_attribute_access
            test_with_stmt_multi_ctx_unpack_sequence
            test_with_stmt_subscript
            test_with_stmt_unpack_sequence
        """,
    },
}

# Names with one underscore in front are an author's own. The tests are about the places where a name is checked: with
# all such names refused, as RestrictedPython does it, every one of these passes.
OWN_NAMES: dict[str, str] = {
    "tests/test_compile.py": """
        test_compile__compile_restricted_exec__3
    """,
    "tests/test_eval.py": """
        test_Eval__RestrictionCapableEval_1
    """,
    "tests/transformer/test_attribute.py": """
        test_RestrictingNodeTransformer__visit_Attribute__1
    """,
    "tests/transformer/test_classdef.py": """
        test_RestrictingNodeTransformer__visit_ClassDef__2
    """,
    "tests/transformer/test_functiondef.py": """
        test_RestrictingNodeTransformer__visit_FunctionDef__1
        test_RestrictingNodeTransformer__visit_FunctionDef__2
        test_RestrictingNodeTransformer__visit_FunctionDef__3
        test_RestrictingNodeTransformer__visit_FunctionDef__4
        test_RestrictingNodeTransformer__visit_FunctionDef__7
        test_positional_only_arg_with_default_underscore_is_rejected
        test_positional_only_arg_with_underscore_is_rejected
        test_positional_only_lambda_arg_with_underscore_is_rejected
    """,
    "tests/transformer/test_import.py": """
        test_RestrictingNodeTransformer__visit_Import__2
        test_RestrictingNodeTransformer__visit_Import__3
        test_RestrictingNodeTransformer__visit_Import__4
        test_RestrictingNodeTransformer__visit_Import__7
        test_RestrictingNodeTransformer__visit_Import__8
        test_RestrictingNodeTransformer__visit_Import__9
    """,
    "tests/transformer/test_lambda.py": """
        test_RestrictingNodeTransformer__visit_Lambda__1
        test_RestrictingNodeTransformer__visit_Lambda__2
        test_RestrictingNodeTransformer__visit_Lambda__3
        test_RestrictingNodeTransformer__visit_Lambda__4
        test_RestrictingNodeTransformer__visit_Lambda__7
        test_RestrictingNodeTransformer__visit_Lambda__8
    """,
    "tests/transformer/test_name.py": """
        test_RestrictingNodeTransformer__visit_Name__2
        test_RestrictingNodeTransformer__visit_Name__3
        test_RestrictingNodeTransformer__visit_Name__4
        test_RestrictingNodeTransformer__visit_Name__4_6
        test_RestrictingNodeTransformer__visit_Name__4_7
    """,
    "tests/transformer/test_try.py": """
        test_RestrictingNodeTransformer__visit_ExceptHandler__2
    """,
}

# Syntax of Python 3.14 and 3.15, and other implementations of Python.
SKIPPED: dict[str, str] = {
    "tests/test_compile.py": """
        test_compile_CPython_warning
    """,
    "tests/transformer/test_comprehension_unpacking.py": """
        test_RestrictingNodeTransformer__visit_DictComp__unpacking
        test_RestrictingNodeTransformer__visit_GeneratorExp__unpacking
        test_RestrictingNodeTransformer__visit_ListComp__unpacking
        test_RestrictingNodeTransformer__visit_SetComp__unpacking
    """,
    "tests/transformer/test_lazy_import.py": """
        test_RestrictingNodeTransformer__visit_ImportFrom__lazy
        test_RestrictingNodeTransformer__visit_Import__lazy
    """,
    "tests/transformer/test_tstring.py": """
        test_t_string_self_documenting_expressions
        test_transform
        test_visit_invalid_variable_name
    """,
}


def _listed(table: dict[str, str]) -> set[str]:
    return {f"{file}::{name}" for file, names in table.items() for name in names.split()}


@pytest.fixture(scope="module")
def suite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source distribution."""
    version = importlib.metadata.version("RestrictedPython")
    assert version in SHA256, f"pin the hash of RestrictedPython {version}, and look at what it changes"
    assert request.config.cache is not None
    folder = request.config.cache.mkdir(f"restrictedpython-{version}")
    archive = folder / f"restrictedpython-{version}.tar.gz"
    if not archive.exists():
        result = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--no-binary", "RestrictedPython", f"RestrictedPython=={version}", "--dest", folder],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert archive.exists(), f"the tests of RestrictedPython {version} could not be fetched: {result.stderr}"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert digest == SHA256[version], f"{archive} is not the distribution that is pinned: remove it"
    unpacked = tmp_path_factory.mktemp("restrictedpython")
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    return unpacked / f"restrictedpython-{version}"


def _outcomes(suite: Path, names: str, file: Path) -> dict[str, set[str]]:
    """The suite's tests by outcome. `names` says whose rule for underscores holds: `ours` or `theirs`."""
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", suite, "-p", "no:cacheprovider", "-q",
         "-p", "restrictedpython_policy", "tests"],
        cwd=suite, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": f"{HERE}:{HERE.parents[1]}", "OUTCOMES": str(file), "NAMES": names},
    )  # fmt: skip
    assert file.exists(), result.stdout + result.stderr
    by_outcome: dict[str, set[str]] = {"passed": set(), "failed": set(), "skipped": set()}
    for test, outcome in json.loads(file.read_text()).items():
        by_outcome[outcome].add(test)
    return by_outcome


def test_restrictedpython_finds_what_it_expects_but_for_what_is_listed(suite: Path, tmp_path: Path) -> None:
    outcomes = _outcomes(suite, "ours", tmp_path / "outcomes")
    listed = set().union(*map(_listed, DIFFERENCES.values()))
    assert outcomes["failed"] == listed | _listed(OWN_NAMES)
    assert outcomes["skipped"] == _listed(SKIPPED)
    assert len(outcomes["passed"]) == 229


def test_every_place_of_a_name_is_checked(suite: Path, tmp_path: Path) -> None:
    outcomes = _outcomes(suite, "theirs", tmp_path / "outcomes")
    assert outcomes["failed"] == set().union(*map(_listed, DIFFERENCES.values()))
    assert outcomes["passed"] >= _listed(OWN_NAMES)
