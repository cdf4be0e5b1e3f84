// Figures need a script of some megabytes, which takes a while to fetch and to read: best when the page has long been
// shown and nobody waits for it. A figure that is asked for earlier brings the same script itself.
// Not every browser tells when it is idle.
const whenIdle = window.requestIdleCallback || ((then) => then());
setTimeout(() => whenIdle(() => {
  const script = document.createElement('script');
  script.src = 'SCRIPT';
  if (![...document.scripts].some((other) => other.src === script.src)) document.head.append(script);
}), 2500);
