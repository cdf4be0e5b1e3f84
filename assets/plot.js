// Draws the figure that stands in props.value, in the colours of the page, and reports what is clicked or lassoed.
// Where figures in three dimensions are drawn too, they have a place of their own, and the place that is not shown stays
// as it is: a browser prepares such a place many times more slowly than it puts other points there.
const flat = element.querySelector('.plot');
const deep = element.querySelector('.plot-away');
let host = flat;
const NARROW = 520;
const LEAST_FONT = 8;
const FONT = 12;
const WAIT_MILLISECONDS = 50;
const REST_MILLISECONDS = 2000;
const wired = new Set();
const FIRST_POINT = {type: 'scatter3d', mode: 'markers+lines', x: [0], y: [0], z: [0]};
let shown = '';
let focus = null;
let marked = [];
const space = element.closest('#space-plot') !== null;

function colours() {
  const style = getComputedStyle(host);
  const read = (name) => style.getPropertyValue(name).trim();
  return Object.fromEntries(
    ['ink', 'soft', 'line', 'panel', 'scale-low', 'scale-high', 'faint-low', 'faint-high'].map((name) => [name, read(`--${name}`)]));
}

function config(figure) {
  // On a phone a finger scrolls the page; what it taps is still listed.
  const bar = figure.layout.dragmode !== false && host.clientWidth >= NARROW;
  return {displaylogo: false, responsive: true, scrollZoom: 'gl3d', displayModeBar: bar, modeBarButtonsToRemove: ['autoScale2d']};
}

function dressed(layout, c) {
  const axis = {gridcolor: c.line, linecolor: c.line, zerolinecolor: c.line, tickfont: {color: c.soft}};
  const titled = (own) => ({...own, ...axis, title: {...(own.title || {}), font: {color: c.soft, size: FONT}}});
  const out = {
    ...layout,
    font: {family: getComputedStyle(host).fontFamily, color: c.ink, size: FONT},
    hoverlabel: {bgcolor: c.panel, bordercolor: c.line, align: 'left', font: {color: c.ink, size: 13}},
    modebar: {bgcolor: 'rgba(0,0,0,0)', color: c.soft, activecolor: c.ink},
    newselection: {line: {color: c.ink, width: 1, dash: 'dot'}},
    shapes: (layout.shapes || []).map((shape) => ({...shape, line: {...shape.line, color: c.ink}})),
  };
  if (host.clientWidth < NARROW && !layout.scene) {
    out.dragmode = false;
    if (layout.legend?.y < 0) out.legend = {...layout.legend, y: -0.26};
  }
  for (const name of ['xaxis', 'yaxis']) if (layout[name]) out[name] = titled(layout[name]);
  if (layout.scene) {
    out.scene = {...layout.scene};
    for (const name of ['xaxis', 'yaxis', 'zaxis']) out.scene[name] = titled(layout.scene[name] || {});
  }
  return out;
}

function dress(trace, c) {
  if (host.clientWidth < NARROW && trace.mode === 'markers' && trace.meta !== 'ink') trace.marker.size *= 0.7;
  if (trace.meta === 'halo') trace.line.color = trace.marker.color = c.panel;
  if (trace.meta === 'ink') trace.marker.color = c.ink;
  if (trace.type === 'heatmap') {
    trace.colorscale = [[0, c[`${trace.meta}-low`]], [1, c[`${trace.meta}-high`]]];
    if (trace.colorbar) Object.assign(trace.colorbar, {tickfont: {color: c.soft}, title: {...trace.colorbar.title, font: {color: c.soft, size: FONT}}});
  }
}

// The numbers in the cells, each in black or white, whichever stands out more; none where cells are too small.
function numbers(figure, c) {
  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const linear = (v) => v <= 10.3 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const {margin, xaxis, yaxis, height} = figure.layout;
  const width = (host.clientWidth - margin.l - margin.r) / (xaxis.range[1] - xaxis.range[0]);
  const tall = (height - margin.t - margin.b) / (yaxis.range[1] - yaxis.range[0]);
  // A digit is a little over half as wide as it is high.
  const longest = Math.max(...figure.data.flatMap((trace) => trace.text.flat()).map((text) => text.length));
  const size = Math.min(FONT, tall - 3, (width - 4) / (0.57 * longest));
  if (size < LEAST_FONT) return [];
  const out = [];
  for (const trace of figure.data) {
    const [low, high] = [rgb(c[`${trace.meta}-low`]), rgb(c[`${trace.meta}-high`])];
    trace.z.forEach((row, r) => row.forEach((z, k) => {
      const at = (z ?? 0) / trace.zmax;
      const [red, green, blue] = low.map((v, i) => linear(v + (high[i] - v) * at));
      const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      const color = z === null ? c.soft : light > 0.179 ? '#000000' : '#ffffff';
      out.push({x: trace.x[k], y: trace.y[r], text: trace.text[r][k], showarrow: false, font: {color, size}});
    }));
  }
  return out;
}

// A last trace of rings around marked points, so that other rings leave the rest of the picture as it is.
function rings(layout, c) {
  const flat = !layout.scene;
  return {
    x: [], y: [], ...(flat ? {} : {z: []}), type: flat ? 'scatter' : 'scatter3d', mode: 'markers', name: 'marked',
    hoverinfo: 'skip', showlegend: false,
    marker: {symbol: 'circle-open', size: flat ? 15 : 9, color: c.ink, line: {width: 2, color: c.ink}, opacity: 1}};
}

function ring() {
  const last = host.data.length - 1;
  if (host.data[last].name !== 'marked') return;
  const wanted = new Set(marked);
  const found = {x: [], y: [], ...(host.layout.scene ? {z: []} : {})};
  for (const trace of host.data.slice(0, last)) (trace.mode === 'markers' && trace.customdata || []).forEach((index, at) => {
    // Numbers come packed; Plotly keeps them unpacked beside that.
    if (wanted.has(index)) for (const axis of Object.keys(found)) found[axis].push((trace[axis]._inputArray ?? trace[axis])[at]);
  });
  Plotly.restyle(host, Object.fromEntries(Object.entries(found).map(([axis, places]) => [axis, [places]])), [last]);
}

function picked(event) {
  if (!event || !event.points) return;
  const points = event.points.map((point) => point.customdata).filter((index) => Number.isInteger(index));
  if (points.length) trigger('pick', {points: points});
}

// Arrow keys go from cell to cell of a heat map, from the framed one on, and show what stands there; Enter picks it.
function key(event) {
  if (!wired.has(host)) return;
  const steps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};
  const places = host.data.flatMap((trace) => trace.y.flatMap((y, r) => trace.x.map(
    (x, k) => ({x, y, index: trace.customdata[r][k]}))));
  const frame = host.layout.shapes[0];
  const from = focus || (frame && {x: (frame.x0 + frame.x1) / 2, y: (frame.y0 + frame.y1) / 2});
  const at = places.find((place) => from && place.x === from.x && place.y === from.y) || places[0];
  if (steps[event.key]) {
    const [right, up] = steps[event.key];
    const next = places.find((place) => place.x === at.x + right && place.y === at.y + up);
    if (next) {
      focus = next;
      Plotly.Fx.hover(host, {xval: next.x, yval: next.y}, 'xy');
    }
  } else if ((event.key === 'Enter' || event.key === ' ') && focus) {
    trigger('pick', {points: [at.index]});
  } else return;
  event.preventDefault();
}

// The settings that the drawn figure was made with, where stale.js looks for them; none without a figure.
function belongs(key) {
  if (key) Object.assign(element.dataset, key);
  else for (const name of ['for', 'said']) delete element.dataset[name];
}

function show(place) {
  host = place;
  for (const each of [flat, deep]) if (each) {
    each.classList.toggle('plot', each === host);
    each.classList.toggle('plot-away', each !== host);
  }
}

// Nobody waits for it, and nobody sees it.
function prepareDeep() {
  if (!deep || wired.has(deep) || host.clientWidth < NARROW) return;
  Plotly.newPlot(deep, [FIRST_POINT], {width: deep.clientWidth, height: deep.clientHeight}, config({layout: {}}));
}

async function draw() {
  if (!props.value && wired.size) {
    for (const place of wired) {
      Plotly.purge(place);
      place.style.height = '';
    }
    wired.clear();
    focus = null;
    belongs();
  }
  // A plot drawn into a hidden tab has no size; the observer below calls again once it can be seen.
  if (!props.value || !host.clientWidth) return;
  // The script of all figures may still be on its way.
  if (!window.Plotly) {
    setTimeout(draw, WAIT_MILLISECONDS);
    return;
  }
  // Whatever is watched tells of one change more than once, and drawing takes long.
  const look = [host.clientWidth, document.body.className, props.value].join(' ');
  if (wired.size && look === shown) return;
  shown = look;
  const figure = JSON.parse(props.value);
  const first = !wired.size;
  show(figure.layout.scene ? deep : flat);
  const c = colours();
  const cells = figure.data.every((trace) => trace.type === 'heatmap');
  if (figure.layout.height) host.style.height = `${figure.layout.height}px`;
  for (const trace of figure.data) dress(trace, c);
  if (cells) figure.layout.annotations = numbers(figure, c);
  if (space) figure.data.push(rings(figure.layout, c));
  const drawing = Plotly.react(host, figure.data, dressed(figure.layout, c), config(figure));
  belongs(figure.layout.meta);
  await drawing;
  if (space && marked.length) ring();
  if (!wired.has(host)) {
    wired.add(host);
    host.on('plotly_selected', picked);
    host.on('plotly_click', picked);
    if (cells) {
      host.tabIndex = 0;
      host.setAttribute('role', 'application');
      host.setAttribute('aria-label', 'Heat map: arrow keys go from cell to cell, Enter picks one');
      host.onkeydown = key;
      host.onblur = () => { focus = null; Plotly.Fx.unhover(host); };
    }
  }
  // Not while somebody looks at the first picture for the first time, since it takes a part of a second.
  if (first) setTimeout(() => (window.requestIdleCallback ?? setTimeout)(prepareDeep), REST_MILLISECONDS);
}

watch('value', draw);
if (space) document.addEventListener('mark-points', (event) => {
  marked = event.detail;
  if (wired.has(host)) ring();
});
new ResizeObserver(() => { if (host.clientWidth) draw(); }).observe(host);
new MutationObserver(draw).observe(document.body, {attributes: true, attributeFilter: ['class']});
