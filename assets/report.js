// Draws the figures of a report as they come into view, sorts its table, and hands out the document it was made from.
const wide = matchMedia('(prefers-color-scheme: dark)');
const theme = () => document.body.classList.toggle('dark', wide.matches);
wide.addEventListener('change', theme);
theme();

const go = (id) => document.getElementById(id)?.scrollIntoView({behavior: 'smooth'});
const rows = [...document.querySelectorAll('section[data-concept]')];
const nothing = () => {};

function picked(name, what) {
  if (what.points?.length) go(rows[what.points[0]]?.id);
  if (what.name) go(rows.find((section) => section.dataset.concept === what.name)?.id);
}

const waiting = new Set(document.querySelectorAll('.figure'));
function place(figure) {
  if (waiting.delete(figure)) drawFigure(figure, {value: figure.querySelector('script').textContent}, picked, nothing);
}
const seen = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => place(entry.target)),
  {rootMargin: '600px'});
waiting.forEach((figure) => seen.observe(figure));
addEventListener('beforeprint', () => waiting.forEach(place));

sortTable(document.querySelector('#suite'), {}, picked, nothing);

const save = document.querySelector('#save');
save.addEventListener('click', () => {
  const text = document.querySelector('#evaluation').textContent;
  save.href = URL.createObjectURL(new Blob([text], {type: 'application/json'}));
});
