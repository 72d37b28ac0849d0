/**
 * Resolves at the first SIGINT or SIGTERM. From then on the signals do what they do by default again, so that a
 * second Ctrl-C ends a process that does not come to its end.
 */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    const stop = (signal: NodeJS.Signals) => {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      resolve(signal);
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
  });
}
