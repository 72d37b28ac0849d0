/** Something that can be closed, such as a server. */
export interface Closable {
  close(): Promise<void>;
}

export interface PersistentListening<Server extends Closable> {
  readonly open: () => Promise<Server>;
  /** `bindAddressHardFail`: the first failure is the caller's. */
  readonly isHardFail: boolean;
  /** Called for every attempt that failed; the next follows after `retryMs`. */
  readonly onFailure: (error: Error) => void;
  readonly retryMs?: number;
}

/**
 * Opens a server that the proxy can do without: after a failure again and again until it works or is closed. Resolves
 * after the first attempt.
 *
 * @throws what `open` threw, under `isHardFail`
 */
export async function listenPersistently<Server extends Closable>(
  options: PersistentListening<Server>,
): Promise<Closable> {
  const { open, isHardFail, onFailure, retryMs = 5_000 } = options;
  let server: Server | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const attempt = async (): Promise<void> => {
    server = await open();
  };
  const attemptUntilOpen = async (): Promise<void> => {
    try {
      await attempt();
    } catch (error) {
      onFailure(error as Error);
      if (!isClosed) timer = setTimeout(retry, retryMs).unref();
    }
  };
  const retry = (): void => {
    running = attemptUntilOpen();
  };
  let running = isHardFail ? attempt() : attemptUntilOpen();
  await running;
  return {
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await running;
      await server?.close();
    },
  };
}
