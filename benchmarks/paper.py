"""`python -m benchmarks.paper [FILE …]`: what setting a bulletin as PDF costs.

“fonts”: the first paper of a process, which reads them. “set”: a bulletin's first time, what finalising waits for.
“again”: the same text once more, of which Typst remembers much.
Exit code 1 when setting takes more than a second, which is what an editor waits for without wondering.
"""

import statistics
import sys
import time
from pathlib import Path

from distributor.bulletin.model import Bulletin
from distributor.bulletin.reading import read_bulletin
from distributor.rendering.pdf.document import Paper, render_pdf
from distributor.rendering.templates import Templates
from distributor.resources import shipped

ROUNDS = 10
LIMIT = 1.0


def main() -> int:
    """Measures the examples and prints a line for each; returns the exit code."""
    files = [Path(name) for name in sys.argv[1:]] or sorted(shipped("examples").glob("*.md"))
    templates = Templates()
    slowest, _ = _timed(Paper(Bulletin(title="字"), {}), templates)
    print(f"{'fonts':32}{slowest * 1000:12.0f}\n\n{'bulletin':32}{'set, ms':>12}{'again, ms':>12}{'kB':>8}")
    for file in files:
        reading = read_bulletin(file)
        paper = Paper(reading.bulletin, reading.assets)
        times = [_timed(paper, templates) for _ in range(ROUNDS + 1)]
        (first, size), again = times[0], statistics.median(seconds for seconds, _ in times[1:])
        slowest = max(slowest, first)
        print(f"{file.name:32}{first * 1000:12.0f}{again * 1000:12.0f}{size / 1000:8.0f}")
    return 1 if slowest > LIMIT else 0


def _timed(paper: Paper, templates: Templates) -> tuple[float, int]:
    begin = time.perf_counter()
    size = len(render_pdf(paper, templates))
    return time.perf_counter() - begin, size


if __name__ == "__main__":
    sys.exit(main())
