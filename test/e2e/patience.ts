/** How long a client waits before it takes silence for an answer. */

const stepMs = 50;

/**
 * Calls back once after `patienceMs`, whole steps of 50, unless `clearInterval` ends it; not before everything that has
 * come until then has been read. Where a busy machine lets this process stand still, and then others too, that counts
 * as one step.
 */
export function afterPatience(patienceMs: number, callback: () => void): NodeJS.Timeout {
  let leftMs = patienceMs;
  const timer = setInterval(() => {
    leftMs -= stepMs;
    if (leftMs > 0) return;
    clearInterval(timer);
    setImmediate(callback);
  }, stepMs);
  return timer;
}
