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
    "asterisk-open": '<path d="M12 7 24 7M18 1 18 13M14 3 22 11M22 3 14 11" stroke="{colour}" stroke-width="1.8" '
    'fill="none"/>',
    "hash-open": '<path d="M15 2 15 12M21 2 21 12M13 4.5 23 4.5M13 9.5 23 9.5" stroke="{colour}" stroke-width="1.8" '
    'fill="none"/>',
    "star-diamond-open": f'<path d="M18 1 20 5 24 7 20 9 18 13 16 9 12 7 16 5Z" {_OPEN}',
    "bowtie-open": f'<path d="M13 2 23 12 23 2 13 12Z" {_OPEN}',
    "hourglass-open": f'<path d="M13 2 23 2 13 12 23 12Z" {_OPEN}',
    "pentagon-open": f'<path d="M18 2 23 5.6 21.1 11.5 14.9 11.5 13 5.6Z" {_OPEN}',
    "circle-x-open": f'<circle cx="18" cy="7" r="5" {_OPEN}'
    '<path d="M15 4 21 10M21 4 15 10" stroke="{colour}" stroke-width="1.8" fill="none"/>',
    "circle-cross-open": f'<circle cx="18" cy="7" r="5" {_OPEN}'
    '<path d="M18 3 18 11M14 7 22 7" stroke="{colour}" stroke-width="1.6" fill="none"/>',
    "square-cross-open": f'<path d="M13 2 23 2 23 12 13 12Z" {_OPEN}'
    '<path d="M18 3 18 11M14 7 22 7" stroke="{colour}" stroke-width="1.6" fill="none"/>',
    "square-x-open": f'<path d="M13 2 23 2 23 12 13 12Z" {_OPEN}'
    '<path d="M15 4 21 10M21 4 15 10" stroke="{colour}" stroke-width="1.6" fill="none"/>',
    "diamond-cross-open": f'<path d="M18 1 24 7 18 13 12 7Z" {_OPEN}'
    '<path d="M18 3 18 11M14 7 22 7" stroke="{colour}" stroke-width="1.4" fill="none"/>',
    "diamond-x-open": f'<path d="M18 1 24 7 18 13 12 7Z" {_OPEN}'
    '<path d="M15.5 4.5 20.5 9.5M20.5 4.5 15.5 9.5" stroke="{colour}" stroke-width="1.4" fill="none"/>',
    "hexagram-open": f'<path d="M18 1 20 4.5 24 4 22 7 24 10 20 9.5 18 13 16 9.5 12 10 14 7 12 4 16 4.5Z" {_OPEN}',
    "triangle-left-open": f'<path d="M13 7 22 2 22 12Z" {_OPEN}',
    "triangle-right-open": f'<path d="M23 7 14 2 14 12Z" {_OPEN}',
    "diamond-tall-open": f'<path d="M18 1 21.5 7 18 13 14.5 7Z" {_OPEN}',
    "diamond-wide-open": f'<path d="M12 7 18 3.5 24 7 18 10.5Z" {_OPEN}',
    "star": '<path d="M18 1 19.6 5 24 5.2 20.6 7.9 21.8 12.2 18 9.8 14.2 12.2 15.4 7.9 12 5.2 16.4 5Z" '
    'fill="{colour}"/>',
}
_DASHES = {
    "solid": "none",
    "dash": "6 4",
    "dot": "1.5 3.5",
    "longdash": "9 4",
    "dashdot": "6 3 1.5 3",
    "longdashdot": "9 3 1.5 3",
}
