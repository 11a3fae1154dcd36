"""Lists the benchmarks: ``python tests/benchmarks`` says what each measures and how to run it."""

import ast
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main():
    for path in sorted(HERE.glob("bench_*.py")):
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        what, _, how = text.partition("\n\n")
        print(f"{path.name}\n  {what}\n  {' '.join(how.split())}\n")


if __name__ == "__main__":
    main()
