"""The HTML of a report: one file that refers to nothing outside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f24; margin: 2rem auto; max-width: 70rem;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.note { color: #57606a; } p.problem { color: #b3261e; }
table { border-collapse: collapse; } td, th { padding: 0.25rem 1.2rem 0.25rem 0; text-align: left;
       border-bottom: 1px solid #d8dee4; } td.number, th.number { text-align: right; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
.plots svg { width: calc(50% - 0.5rem); height: auto; }
.layer { fill: #eef3fb; stroke: #7a97c9; } .arrow { stroke: #7a97c9; stroke-width: 1.5; }
.layers text { font: 13px system-ui, sans-serif; fill: #1b1f24; } .layers .small { fill: #57606a; }
"""
_WIDTH, _BOX, _GAP = 460, 44, 22  # of the drawing of layers, in pixels


def page(title: str, parts: Iterable[str]) -> str:
    """Returns a whole page."""
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def heading(text: str) -> str:
    """Returns the heading of a part."""
    return f"<h2>{escape(text)}</h2>"


def note(text: str, kind: str = "note") -> str:
    """Returns a paragraph; kind "problem" is red."""
    return f'<p class="{kind}">{escape(text)}</p>'


def plots(drawings: Iterable[str]) -> str:
    """Returns SVG drawings beside each other."""
    return f'<div class="plots">{"".join(drawings)}</div>'


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str]) -> str:
    """Returns a table; columns named in `numbers` are flush right."""

    def row(cells: Sequence[str], tag: str) -> str:
        classes = [' class="number"' if name in numbers else "" for name in headings]
        return "".join(
            f"<{tag}{kind}>{escape(cell)}</{tag}>"
            for cell, kind in zip(cells, classes, strict=True)
        )

    lines = "\n".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    return f"<table>\n<tr>{row(headings, 'th')}</tr>\n{lines}\n</table>"


def layers(boxes: Sequence[tuple[str, str]]) -> str:
    """Returns a drawing of boxes below each other, (name, what it holds), joined by arrows."""
    drawn = []
    for i, (name, what) in enumerate(boxes):
        top = 1 + i * (_BOX + _GAP)
        if i:
            drawn.append(
                f'<line class="arrow" x1="{_WIDTH / 2}" y1="{top - _GAP}" '
                f'x2="{_WIDTH / 2}" y2="{top - 1}"/>'
                f'<path fill="#7a97c9" d="M{_WIDTH / 2 - 4},{top - 7} h8 l-4,7 z"/>'
            )
        drawn.append(
            f'<rect class="layer" x="1" y="{top}" width="{_WIDTH - 2}" height="{_BOX}" rx="6"/>'
            f'<text x="14" y="{top + 18}">{escape(name)}</text>'
            f'<text class="small" x="14" y="{top + 36}">{escape(what)}</text>'
        )
    height = len(boxes) * (_BOX + _GAP)
    return f'<svg class="layers" width="{_WIDTH}" height="{height}">{"".join(drawn)}</svg>'
