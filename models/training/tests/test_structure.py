import ast
import unittest
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
LONGEST = 280
"""Lines of a file."""
BELOW = {
    "data": set(),
    "measure": {"data"},
    "networks": set(),
    "train": {"data", "measure", "networks"},
    "quantise": {"data", "measure", "networks", "train"},
    "ship": {"data", "measure", "networks", "train", "quantise"},
    "studies": {"data", "measure", "networks", "train", "quantise", "ship"},
    "tests": {"data", "measure", "networks", "train", "quantise", "ship", "studies"},
    "commands": {"data", "measure", "networks", "train", "quantise", "ship", "studies", "tests"},
}
"""The folders that each folder may import from, beside itself."""
RIDDLES = {"What", "How", "Where", "By", "Of", "Which", "Whether"}
"""Words that no docstring begins with: it names the thing first."""


class Structure(unittest.TestCase):
    def test_every_folder_imports_only_from_those_below_it(self):
        for module, targets in imports().items():
            folder = module.split(".")[0]
            for target in targets:
                if folder in BELOW and target.split(".")[0] != folder:
                    self.assertIn(target.split(".")[0], BELOW[folder], f"{module} imports {target}")

    def test_there_is_no_circle_among_modules(self):
        graph, done = imports(), set()

        def visit(module: str, path: tuple[str, ...]) -> None:
            self.assertNotIn(module, path, f"a circle: {' -> '.join((*path, module))}")
            if module not in done:
                for target in graph.get(module, ()):
                    visit(target, (*path, module))
                done.add(module)

        for module in graph:
            visit(module, ())

    def test_no_file_is_too_long(self):
        for path in files():
            self.assertLessEqual(len(path.read_text().splitlines()), LONGEST, path)

    def test_docstrings_name_the_thing_first(self):
        for path in files():
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                    self.assertNotIn(node.value.value.split()[0].rstrip(",:"), RIDDLES, f"{path}:{node.lineno}")


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports() -> dict[str, set[str]]:
    """Modules of this package that each module imports, those within functions too, by names such as `train.loop`."""
    names = {path: ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in files()}
    found = {}
    for path, name in names.items():
        targets = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = [*name.split(".")[: -node.level], *(node.module.split(".") if node.module else [])]
                for imported in node.names:
                    whole = ".".join([*base, imported.name])
                    targets.add(whole if whole in names.values() else ".".join(base))
        found[name] = targets
    return found


if __name__ == "__main__":
    unittest.main()
