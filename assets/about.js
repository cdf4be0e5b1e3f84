// Pushes the filled marks of the picture in About along their arrows, as far as the slider says. Nothing moves by itself.
const picture = element.querySelector('.clouds');
const slider = picture?.querySelector('input[type="range"]');
const said = picture?.querySelector('output');
const atRest = said?.textContent;

function share(name, strength) {
  return `${Math.round(100 * Number(picture.dataset[name]) * strength)} %`;
}

function push() {
  const strength = Number(slider.value);
  for (const marks of picture.querySelectorAll('[data-push]')) {
    const [x, y] = marks.dataset.push.split(' ').map((step) => Number(step) * strength);
    marks.setAttribute('transform', `translate(${x} ${y})`);
  }
  const {from, to} = picture.dataset;
  const sentence = `Strength ${strength.toFixed(2)}: native ${share('native', strength)}, transferred ` +
    `${share('transferred', strength)} of the way from ${from} to ${to}.`;
  said.textContent = strength ? sentence : atRest;
  slider.setAttribute('aria-valuetext', said.textContent);
  slider.style.setProperty('--range_progress', `${100 * strength / Number(slider.max)}%`);
}

slider?.addEventListener('input', push);
