// Draws the figure that stands in props.value, in the colours of the page, and reports what is clicked or lassoed.
const host = element.querySelector('.plot');
const NARROW = 520;
let wired = false;

function config() {
  // On a phone a finger scrolls the page; what it taps is still listed.
  const narrow = host.clientWidth < NARROW;
  return {displaylogo: false, responsive: true, scrollZoom: 'gl3d', displayModeBar: !narrow, modeBarButtonsToRemove: ['autoScale2d']};
}

function colours() {
  const style = getComputedStyle(host);
  const read = (name) => style.getPropertyValue(name).trim();
  return {ink: read('--ink'), soft: read('--soft'), line: read('--line'), panel: read('--panel')};
}

function dressed(layout) {
  const c = colours();
  const axis = {gridcolor: c.line, linecolor: c.line, zerolinecolor: c.line, tickfont: {color: c.soft}};
  const titled = (own) => ({...own, ...axis, title: {...(own.title || {}), font: {color: c.soft, size: 12}}});
  const out = {
    ...layout,
    font: {family: getComputedStyle(host).fontFamily, color: c.ink, size: 12},
    hoverlabel: {bgcolor: c.panel, bordercolor: c.line, align: 'left', font: {color: c.ink, size: 13}},
    modebar: {bgcolor: 'rgba(0,0,0,0)', color: c.soft, activecolor: c.ink},
    newselection: {line: {color: c.ink, width: 1, dash: 'dot'}},
  };
  if (host.clientWidth < NARROW && !layout.scene) {
    out.dragmode = false;
    out.legend = {...layout.legend, y: -0.26};
  }
  for (const name of ['xaxis', 'yaxis']) if (layout[name]) out[name] = titled(layout[name]);
  if (layout.scene) {
    out.scene = {...layout.scene};
    for (const name of ['xaxis', 'yaxis', 'zaxis']) out.scene[name] = titled(layout.scene[name] || {});
  }
  return out;
}

function picked(event) {
  if (!event || !event.points) return;
  const points = event.points.map((point) => point.customdata).filter((index) => Number.isInteger(index));
  if (points.length) trigger('pick', {points: points});
}

async function draw() {
  // A plot drawn into a hidden tab has no size; the observer below calls again once it can be seen.
  if (!props.value || !host.clientWidth) return;
  const figure = JSON.parse(props.value);
  if (host.clientWidth < NARROW) {
    for (const trace of figure.data) if (trace.mode === 'markers') trace.marker.size *= 0.7;
  }
  const ground = colours().panel;
  for (const trace of figure.data) {
    if (trace.meta === 'halo') trace.line.color = trace.marker.color = ground;
  }
  await Plotly.react(host, figure.data, dressed(figure.layout), config());
  if (!wired) {
    wired = true;
    host.on('plotly_selected', picked);
    host.on('plotly_click', picked);
  }
}

watch('value', draw);
new ResizeObserver(() => { if (host.clientWidth) draw(); }).observe(host);
new MutationObserver(draw).observe(document.body, {attributes: true, attributeFilter: ['class']});
