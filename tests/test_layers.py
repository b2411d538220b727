"""The rules of ARCHITECTURE §2, §3 and of the style, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for folder in ("db", "console", "widgets") for path in (ROOT / folder).rglob("*.py"))
MODULE_LINES = 400

# What the screen may reach for; everything else of the console comes through the link. The
# lifeline and the logs are what every role has.
SCREEN_MAY = (
    "console.link",
    "console.link_client",
    "console.allocation",
    "console.lifeline",
    "console.logs",
    "console.cameras",
    "console.settings",
    "console.shifts",
    "console.packs.tables",
    "console.errors",
    "console.clock",
    "console.roles",
    "db.records",
    "db.alarm_records",
    "db.asset_records",
    "db.rule_records",
    "db.kpi_records",
    "db.map_records",
    "db.workings",
    "widgets",
)

# Libraries with so many traps that one module knows them and no other.
ONE_DOOR = ("cv2", "sqlcipher3", "PySide6QtAds", "pyqtgraph")

TIME = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "monotonic"),
    ("time", "monotonic_ns"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Every imported name, `from a import b` as `a.b`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def test_the_screen_reaches_the_core_through_the_link_only() -> None:
    wrong = [
        f"{module_name(path)} -> {name}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "widgets")
        for name in imports(ast.walk(tree(path)))
        if within(name, ("console", "db")) and not within(name, SCREEN_MAY)
    ]
    assert wrong == []


def test_only_the_main_module_reaches_for_the_screen_and_only_lazily() -> None:
    wrong = []
    for path in SOURCES:
        if path.is_relative_to(ROOT / "widgets"):
            continue
        everywhere = {name for name in imports(ast.walk(tree(path))) if within(name, ("widgets",))}
        at_import = {name for name in imports(loaded_with(tree(path))) if within(name, ("widgets",))}
        if at_import or (everywhere and module_name(path) != "console.__main__"):
            wrong.append(module_name(path))
    assert wrong == []


@pytest.mark.parametrize("library", ONE_DOOR)
def test_a_library_with_traps_has_one_door(library: str) -> None:
    doors = {
        module_name(path)
        for path in SOURCES
        if any(within(n, (library,)) for n in imports(ast.walk(tree(path))))
    }
    assert len(doors) <= 1, doors


def test_only_the_clock_asks_for_the_time() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        if module_name(path) != "console.clock"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in TIME
    ]
    wrong += [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if module_name(path) != "console.clock"
        and any(tuple(name.split(".")) in TIME for name in imports(ast.walk(tree(path))))
    ]
    assert wrong == []


def test_a_module_can_be_read_in_a_sitting() -> None:
    lines = {module_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: count for name, count in lines.items() if count > MODULE_LINES} == {}


def test_modules_do_not_import_each_other_in_circles() -> None:
    known = {module_name(path) for path in SOURCES}
    reaches = {
        module_name(path): {
            target
            for name in imports(loaded_with(tree(path)))
            if (target := nearest(name, known)) and target != module_name(path)
        }
        for path in SOURCES
    }
    assert circle(reaches) == []


def loaded_with(module: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported; not those under TYPE_CHECKING."""
    waiting: list[ast.AST] = list(module.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def nearest(name: str, known: set[str]) -> str:
    """The module that `name` is, or is a name of; empty for a foreign one."""
    if name in known:
        return name
    parent = name.rpartition(".")[0]
    return parent if parent in known else ""


def circle(reaches: dict[str, set[str]]) -> list[str]:
    """Some modules that import each other in a circle; what imports nothing left is peeled off."""
    left = {name: set(targets) for name, targets in reaches.items()}
    while free := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def test_no_package_of_ours_shadows_the_packaging_library() -> None:
    assert not (ROOT / "packaging" / "__init__.py").exists()


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt", "packaging/uv.txt"])
def test_a_lock_names_no_address_and_has_a_hash_for_everything(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert [
        line for line in lines if "://" in line or line.startswith(("--index", "--find", "--extra"))
    ] == []
    pins = [number for number, line in enumerate(lines) if "==" in line and not line.startswith((" ", "#"))]
    assert pins
    assert [lines[n] for n in pins if not lines[n + 1].strip().startswith("--hash=sha256:")] == []
