"""An arm's line and marker as a small piece of SVG, so that a table or a pane shows it as the figures do."""

from lrt_explorer.plots.styles import ArmStyle

_LINE_WIDTH = 2


def glyph(style: ArmStyle) -> str:
    """A short line in the arm's colour and dash with its marker in the middle, as in a chart's legend."""
    return (
        '<svg class="glyph" viewBox="0 0 36 14" width="36" height="14" aria-hidden="true">'
        f'<line x1="1" y1="7" x2="35" y2="7" stroke="{style.colour}" stroke-width="{_LINE_WIDTH}" '
        f'stroke-dasharray="{_DASHES[style.dash]}"/>{marker(style)}</svg>'
    )


def marker(style: ArmStyle) -> str:
    """The arm's marker alone, around the point (18, 7)."""
    return _MARKERS[style.marker].format(colour=style.colour)


_OPEN = 'fill="var(--panel)" stroke="{colour}" stroke-width="2"/>'
_MARKERS = {
    "circle-open": f'<circle cx="18" cy="7" r="4" {_OPEN}',
    "circle": '<circle cx="18" cy="7" r="5" fill="{colour}"/>',
    "hexagon-open": f'<path d="M18 2 22.3 4.5 22.3 9.5 18 12 13.7 9.5 13.7 4.5Z" {_OPEN}',
    "diamond": '<path d="M18 1 24 7 18 13 12 7Z" fill="{colour}"/>',
    "diamond-open": f'<path d="M18 2 23 7 18 12 13 7Z" {_OPEN}',
    "x": '<path d="M14 3 22 11M22 3 14 11" stroke="{colour}" stroke-width="2.4" fill="none"/>',
    "square-open": f'<path d="M14 3 22 3 22 11 14 11Z" {_OPEN}',
    "triangle-up-open": f'<path d="M18 2 23 11 13 11Z" {_OPEN}',
    "triangle-down-open": f'<path d="M18 12 23 3 13 3Z" {_OPEN}',
    "star": '<path d="M18 1 19.6 5 24 5.2 20.6 7.9 21.8 12.2 18 9.8 14.2 12.2 15.4 7.9 12 5.2 16.4 5Z" '
    'fill="{colour}"/>',
}
_DASHES = {"solid": "none", "dash": "6 4", "dot": "1.5 3.5", "longdash": "9 4", "dashdot": "6 3 1.5 3"}
