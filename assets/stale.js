// Dims every result whose settings are not those that the controls show, with a line that says for which it is.
// A result carries its settings as data-for, and their words as data-said; window.shownSettings has the controls'.
const read = new Map();
let shown = window.shownSettings || {};

function parsed(text) {
  if (!read.has(text)) {
    if (read.size > 200) read.clear();
    read.set(text, JSON.parse(text));
  }
  return read.get(text);
}

function line(result) {
  const made = parsed(result.dataset.for);
  const said = parsed(result.dataset.said);
  const other = Object.keys(made).filter(
    (name) => shown[name] !== undefined && JSON.stringify(made[name]) !== JSON.stringify(shown[name]));
  return other.length ? `for ${[...new Set(other.map((name) => said[name]))].join(', ')}` : '';
}

// What the style of something else depends on, as a class: see style.css.
const TOLD = [
  ['body', 'veiled', '#opening .veil'],
  ['#map-notice', 'of-others', '#map-notice .stale'],
  ['#share', 'of-others', '#share-note .stale'],
  ['#layers-caption', 'brief', '#layers-caption .added'],
];

function tell() {
  for (const [where, name, sign] of TOLD) {
    const told = document.querySelector(where), there = document.querySelector(sign) !== null;
    if (told && told.classList.contains(name) !== there) told.classList.toggle(name, there);
  }
}

function mark() {
  for (const result of document.querySelectorAll('[data-for]')) {
    const said = line(result);
    if (result.classList.contains('stale') === !!said && (result.dataset.line || '') === said) continue;
    result.classList.toggle('stale', !!said);
    if (said) result.dataset.line = said;
    else delete result.dataset.line;
  }
  tell();
}

window.addEventListener('shown-settings', () => {
  shown = window.shownSettings;
  mark();
});
new MutationObserver(mark).observe(
  document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-for', 'data-said', 'class']});
