// A tour of the page in five steps. It begins when it is asked for and never by itself; the line that offers it goes
// once the tour was taken or dismissed, and is not there on a page that a link restores.
const KEY = 'lrt-explorer-tour';
const STEPS = [
  ['#route', 'One vector, two models',
    'A steering vector is found in the small model, carried across by an affine map, and steers the large one. ' +
    'This line names the models and layers in use.'],
  ['#concept', 'Choose a concept',
    'The mark before each name is the verdict of the evidence: ● transfers, ◐ partly, ○ not shown, ' +
    '– not measurable.'],
  ['#strength', 'Move the slider',
    'It sets how strongly the vector is added; 0 adds nothing. Too much breaks the text. The ticks show how much ' +
    'each strength disturbs ordinary text.'],
  ['#panes', 'Compare the texts',
    'All begin with the same prompt and share their random numbers. If the concept transfers, “Transferred” goes ' +
    'where “Native” goes, and “Random control” does not.'],
  ['#tabs [role="tablist"]', 'Then look at the evidence',
    'One prompt proves nothing. Evidence measures many, with controls; Space and Layers show the map; in Concepts ' +
    'you write your own.'],
];
const GAP = 12;
let shown = null;

function remembered() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

function remember(what) {
  // A browser that keeps nothing offers the tour again.
  try { localStorage.setItem(KEY, what); } catch { /* kept for this page alone */ }
  offer(false);
}

function offer(offered) {
  const line = document.querySelector('.tour-offer');
  if (line) line.hidden = !offered;
}

function isLinked() {
  return [...new URLSearchParams(location.search).keys()].some((name) => !name.startsWith('__'));
}

function isSeen(selector) {
  const target = document.querySelector(selector);
  return target && target.getClientRects().length > 0;
}

function button(text, does) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.onclick = does;
  return made;
}

function start() {
  end();
  const opener = document.activeElement;
  document.querySelector('#tabs button[role="tab"]')?.click();
  const card = document.createElement('div');
  card.className = 'tour';
  card.tabIndex = -1;
  for (const [name, value] of [['role', 'dialog'], ['aria-labelledby', 'tour-title'], ['aria-describedby', 'tour-text']]) {
    card.setAttribute(name, value);
  }
  card.onkeydown = (event) => {
    if (event.key === 'ArrowRight') go(1);
    else if (event.key === 'ArrowLeft') go(-1);
  };
  document.body.append(card);
  shown = {card, opener, steps: STEPS.filter(([selector]) => isSeen(selector)), at: 0};
  remember('taken');
  window.addEventListener('scroll', place, true);
  window.addEventListener('resize', place);
  step();
}

function go(by) {
  const next = shown.at + by;
  if (next < 0) return;
  if (next >= shown.steps.length) return end();
  shown.at = next;
  step();
}

function step() {
  const {card, steps, at} = shown;
  const [selector, title, text] = steps[at];
  const target = document.querySelector(selector);
  document.querySelector('.tour-target')?.classList.remove('tour-target');
  target.classList.add('tour-target');
  const count = document.createElement('p');
  count.className = 'tour-count';
  count.textContent = `${at + 1} of ${steps.length}`;
  const head = document.createElement('h2');
  head.id = 'tour-title';
  head.textContent = title;
  const words = document.createElement('p');
  words.id = 'tour-text';
  words.textContent = text;
  const row = document.createElement('div');
  row.className = 'tour-buttons';
  const last = at === steps.length - 1;
  if (!last) row.append(button('Skip', end));
  if (at) row.append(button('Back', () => go(-1)));
  const next = button(last ? 'Done' : 'Next', () => go(1));
  next.className = 'next';
  row.append(next);
  card.replaceChildren(count, head, words, row);
  target.scrollIntoView({block: 'center'});
  place();
  card.focus({preventScroll: true});
}

// Below what it is about, else above, else over its lower end.
function place() {
  if (!shown) return;
  const {card, steps, at} = shown;
  const box = document.querySelector(steps[at][0])?.getBoundingClientRect();
  if (!box) return end();
  const room = document.documentElement;
  const under = box.bottom + GAP;
  const above = box.top - GAP - card.offsetHeight;
  const lowest = room.clientHeight - card.offsetHeight - GAP;
  card.style.top = `${Math.max(GAP, under <= lowest ? under : above >= GAP ? above : lowest)}px`;
  card.style.left = `${Math.max(GAP, Math.min(box.left, room.clientWidth - card.offsetWidth - GAP))}px`;
}

function end() {
  if (!shown) return;
  const {card, opener} = shown;
  shown = null;
  window.removeEventListener('scroll', place, true);
  window.removeEventListener('resize', place);
  document.querySelector('.tour-target')?.classList.remove('tour-target');
  card.remove();
  // The line that offered it is gone.
  const back = opener?.getClientRects().length ? opener : document.querySelector('#tabs button[role="tab"]');
  back?.focus();
}

document.addEventListener('click', (event) => {
  const asked = event.target.closest?.('[data-tour]')?.dataset.tour;
  if (asked === 'start') start();
  if (asked === 'dismiss') {
    remember('dismissed');
    document.querySelector('#tabs button[role="tab"]')?.focus();
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && shown) end();
});
offer(!remembered() && !isLinked());
