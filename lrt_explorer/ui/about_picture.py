"""The live picture of About: two clouds of texts, the map between them, and a slider that pushes along both vectors.

It is drawn from what ships, so no model runs for it, and it moves only as far as the slider is moved.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.ui.cards import figure
from lrt_explorer.workbench.shipped import evidence_of
from lrt_explorer.workbench.two_clouds import Cloud, Point, TwoClouds

WIDTH, HEIGHT, EDGE = 320, 240, 12
"""Of each half of the picture, in its own units; it is as wide on the page as there is room."""
MARK, HEAD = 3.2, 7.0
"""Half the width of a mark, and the length of an arrow's head."""
BEYOND = 1.15
"""How far the slider goes, as a multiple of what takes one cloud to the other or of what the Steer tab begins with."""
AT_REST = "Nothing is added. Move the slider."

_PICTURE = HtmlTemplate("""
    {% macro half(one) %}
    <div class="cloud-view"><h3>{{ one.title }}</h3>
    <svg viewBox="0 0 {{ width }} {{ height }}" role="img" aria-label="{{ one.described }}">
    {% for group in one.groups %}
    <path class="{{ group.kind }} with" d="{{ group.positive }}"/>
    <path class="{{ group.kind }} without" d="{{ group.negative }}" data-push="{{ group.push }}"/>
    {% endfor %}
    {% for group in one.groups %}
    <path class="{{ group.kind }} arrow" d="{{ group.arrow }}"/>
    <path class="{{ group.kind }} head" d="{{ group.head }}"/>
    {% endfor %}
    </svg></div>
    {% endmacro %}
    <figure class="clouds" data-native="{{ native }}" data-transferred="{{ transferred }}"
    data-from="{{ clouds.negative_label }}" data-to="{{ clouds.positive_label }}">
    <div class="cloud-views">{{ half(small) }}<p class="cloud-map" aria-hidden="true">affine map</p>
    {{ half(large) }}</div>
    <div class="cloud-push"><label for="clouds-strength">Strength</label>
    <input type="range" id="clouds-strength" min="0" max="{{ most }}" step="0.01" value="0" autocomplete="off"
    aria-valuetext="{{ rest }}" style="--range_progress: 0%"/></div>
    <p class="cloud-said"><output for="clouds-strength">{{ rest }}</output></p>
    <figcaption>
    <p><span class="small-ink">◆</span> from the small model, <span class="large-ink">●</span> the large model’s own;
    filled: {{ clouds.negative_label }}, hollow: {{ clouds.positive_label }}. Each mark is one text of the concept
    “{{ clouds.concept }}”, {{ clouds.of_large.negative | length }} of each kind, seen along each model’s own
    vector.</p>
    <p>The map carries the small model’s points and its vector into the large model. The slider moves the filled marks:
    blue along the native vector, orange along the transferred one, equally far in all {{ clouds.width }} dimensions.
    The arrows are as long as the strength {{ first }} that the Steer tab begins with.</p>
    <p>{{ pair }}, layer {{ clouds.layers[0] }} → {{ clouds.layers[1] }}.
    Cosine of the two vectors: <b>{{ cosine }}</b>, an angle of {{ angle }}° in all dimensions, of
    which this view shows {{ seen }}°. Held-out R² of the map: <b>{{ r2 }}</b>.
    {% if retention %} On held-out prompts the transferred vector has <b>{{ retention }}</b> of the native effect.
    {% endif %} A picture proves nothing; the controls are on the Evidence tab.</p>
    </figcaption></figure>
""")


@dataclass(frozen=True)
class _Group:
    """One cloud as it is drawn: its marks, its push for a strength of 1, and its arrow."""

    kind: str
    positive: str
    negative: str
    push: str
    arrow: str
    head: str


@dataclass(frozen=True)
class _Half:
    title: str
    described: str
    groups: Sequence[_Group]


@dataclass(frozen=True)
class _Frame:
    """How a view becomes units of the picture: one scale for both directions, so that angles stay what they are."""

    scale: float
    left: float
    top: float

    @classmethod
    def around(cls, points: Sequence[Point]) -> "_Frame":
        """The largest that shows all points, in the middle."""
        (low, high), (bottom, top) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))
        wide, tall = max(high - low, 1e-9), max(top - bottom, 1e-9)
        scale = min((WIDTH - 2 * EDGE) / wide, (HEIGHT - 2 * EDGE) / tall)
        return cls(scale, low - (WIDTH / scale - wide) / 2, top + (HEIGHT / scale - tall) / 2)

    def place(self, point: Point) -> Point:
        """Where a point is drawn; up is smaller."""
        return (point[0] - self.left) * self.scale, (self.top - point[1]) * self.scale

    def step(self, push: Point) -> Point:
        """How far a difference goes."""
        return push[0] * self.scale, -push[1] * self.scale


def about_picture(clouds: TwoClouds) -> Markup:
    """The picture of what ships."""
    way = _mean(clouds.of_large.positive)[0] - _mean(clouds.of_large.negative)[0]
    native, transferred = (cloud.push[0] / way for cloud in (clouds.of_large, clouds.mapped))
    most = math.ceil(10 * BEYOND * max(clouds.strength, 1 / native)) / 10
    small, large = model_label(clouds.small), model_label(clouds.large)
    return _PICTURE(
        clouds=clouds,
        pair=f"{small} → {large}",
        small=_half(
            f"{small}, layer {clouds.layers[0]}",
            f"{small}: texts of both kinds as two clouds, and the small model’s vector from one to the other",
            {"of-small": clouds.of_small},
            clouds.strength,
            most,
        ),
        large=_half(
            f"{large}, layer {clouds.layers[1]}",
            f"{large}: its own clouds and the mapped ones, with the native and the transferred vector",
            {"of-large": clouds.of_large, "of-small": clouds.mapped},
            clouds.strength,
            most,
        ),
        rest=AT_REST,
        angle=f"{math.degrees(math.acos(clouds.cosine)):.0f}",
        seen=f"{_angle(clouds.of_large.push, clouds.mapped.push):.0f}",
        native=f"{native:.4f}",
        transferred=f"{transferred:.4f}",
        most=f"{most:g}",
        first=f"{clouds.strength:g}",
        cosine=figure(clouds.cosine),
        r2=figure(clouds.r2),
        retention=_retention(clouds),
        width=WIDTH,
        height=HEIGHT,
    )


def _half(title: str, described: str, clouds: dict[str, Cloud], strength: float, most: float) -> _Half:
    pushed = [_moved(point, cloud.push, most) for cloud in clouds.values() for point in cloud.negative]
    frame = _Frame.around([*pushed, *(p for cloud in clouds.values() for p in (*cloud.positive, *cloud.negative))])
    return _Half(title, described, [_group(kind, cloud, frame, strength) for kind, cloud in clouds.items()])


def _group(kind: str, cloud: Cloud, frame: _Frame, strength: float) -> _Group:
    mark = _diamond if kind == "of-small" else _circle
    start, step = frame.place(_mean(cloud.negative)), frame.step(cloud.push)
    end = _moved(start, step, strength)
    length = math.hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    along = (end[0] - start[0]) / length * HEAD, (end[1] - start[1]) / length * HEAD
    neck = end[0] - along[0], end[1] - along[1]
    across = -along[1] / 2, along[0] / 2
    return _Group(
        kind,
        "".join(mark(*frame.place(point)) for point in cloud.positive),
        "".join(mark(*frame.place(point)) for point in cloud.negative),
        f"{step[0]:.2f} {step[1]:.2f}",
        f"M{start[0]:.1f} {start[1]:.1f}L{neck[0]:.1f} {neck[1]:.1f}",
        f"M{end[0]:.1f} {end[1]:.1f}L{neck[0] + across[0]:.1f} {neck[1] + across[1]:.1f}"
        f"L{neck[0] - across[0]:.1f} {neck[1] - across[1]:.1f}Z",
    )


def _retention(clouds: TwoClouds) -> str:
    """What the evidence that ships says of the concept, with its interval; "" where nothing ships."""
    known = evidence_of(clouds.small, clouds.large)
    if known is None:
        return ""
    found = (one.evidence for one in known.evaluation.concepts if one.evidence.name == clouds.concept)
    kept = next((evidence.retention for evidence in found), None)
    return "" if kept is None else f"{figure(kept.value)} ({figure(kept.low)} … {figure(kept.high)})"


def _angle(one: Point, other: Point) -> float:
    """Between two pushes of a view, in degrees."""
    turned = math.degrees(math.atan2(one[1], one[0]) - math.atan2(other[1], other[0]))
    return abs((turned + 180) % 360 - 180)


def _mean(points: Sequence[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _moved(point: Point, push: Point, strength: float) -> Point:
    return point[0] + strength * push[0], point[1] + strength * push[1]


def _diamond(x: float, y: float) -> str:
    return f"M{x:.1f} {y - MARK:.1f}l{MARK} {MARK} {-MARK} {MARK} {-MARK} {-MARK}z"


def _circle(x: float, y: float) -> str:
    radius = MARK * 0.85
    return f"M{x - radius:.1f} {y:.1f}a{radius} {radius} 0 1 0 {2 * radius} 0a{radius} {radius} 0 1 0 {-2 * radius} 0z"
