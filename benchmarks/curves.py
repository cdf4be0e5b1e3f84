"""Line charts as small SVG files that need no program to be looked at, readable on white and on black."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 40, 46
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#444}.grid{stroke:#ddd}.axis{stroke:#888}"
    "@media(prefers-color-scheme:dark){text{fill:#bbb}.grid{stroke:#444}}"
)


@dataclass(frozen=True)
class Curve:
    """One line.

    Attributes:
        name: for the legend.
        colour: of the line.
        points: (x, y, low, high); low and high may be None.
        dash: SVG's `stroke-dasharray`, empty for a whole line.
    """

    name: str
    colour: str
    points: tuple[tuple[float, float, float | None, float | None], ...]
    dash: str = ""


def write_chart(path: Path, title: str, x_label: str, y_label: str, curves: Sequence[Curve], log: bool = False) -> None:
    """Write the lines with their error bars; `log` for a logarithmic horizontal axis."""
    xs = sorted({point[0] for curve in curves for point in curve.points})
    ys = [y for curve in curves for point in curve.points for y in point[1:] if y is not None]
    bottom, top = min(-0.1, *ys), max(1.1, *ys)

    def across(x: float) -> float:
        low, high, at = (math.log(v) if log else v for v in (xs[0], xs[-1], x))
        return LEFT + (WIDTH - LEFT - RIGHT) * ((at - low) / (high - low) if high > low else 0.5)

    def down(y: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (top - y) / (top - bottom)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}"><style>{STYLE}</style>'
    ]
    for tick in range(math.ceil(bottom * 4), math.floor(top * 4) + 1):
        y = down(tick / 4)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick / 4:g}</text>')
    for x in xs:
        parts.append(f'<text x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_short(x)}</text>')
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>'
    )
    parts.append(f'<text x="{LEFT}" y="16" font-weight="600">{escape(y_label)}</text>')
    for number, curve in enumerate(curves):
        line = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y, _, _ in curve.points)
        dash = f' stroke-dasharray="{curve.dash}"' if curve.dash else ""
        parts.append(f'<polyline points="{line}" fill="none" stroke="{curve.colour}" stroke-width="2"{dash}/>')
        for x, y, low, high in curve.points:
            at = across(x) + 2 * number
            if low is not None and high is not None:
                parts.append(
                    f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{down(low):.1f}" y2="{down(high):.1f}" '
                    f'stroke="{curve.colour}" opacity=".6"/>'
                )
            parts.append(f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{curve.colour}"/>')
        here = LEFT + 150 * number
        parts.append(
            f'<line x1="{here}" x2="{here + 22}" y1="30" y2="30" stroke="{curve.colour}" stroke-width="2"{dash}/>'
        )
        parts.append(f'<text x="{here + 28}" y="34">{escape(curve.name)}</text>')
    path.write_text("".join(parts) + "</svg>\n", encoding="utf-8")


def _short(number: float) -> str:
    return f"{number / 1000:g}k" if number >= 1000 else f"{number:g}"
