/** The one place where this package waits. */

/** Calls `what` once after `milliseconds`; returns what `forget` takes. */
export function later(what, milliseconds) {
  // eslint-disable-next-line @lwc/lwc/no-async-operation -- every caller forgets it when it goes
  return setTimeout(what, milliseconds);
}

export function forget(timer) {
  clearTimeout(timer);
}

const TICK_MILLISECONDS = 20000;
const listeners = new Set();
let ticking = null;

function tick() {
  ticking = later(tick, TICK_MILLISECONDS);
  listeners.forEach((listener) => listener());
}

/** Calls `listener` every 20 s, from one timer for all; returns a function that ends it. */
export function everyTick(listener) {
  if (listeners.size === 0) {
    ticking = later(tick, TICK_MILLISECONDS);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      forget(ticking);
    }
  };
}
