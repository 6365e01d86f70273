import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { asError } from '../../domain/as-error.js';

/** Something that is asked for again and again: what is known stays while it is, and when asking fails. */
export interface Polled<T> {
  readonly data: T | undefined;
  readonly error: Error | undefined;
  /** When the data was had, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly refresh: () => void;
}

/** A page that nobody looks at asks less often. */
const HIDDEN_FACTOR = 5;

/** Asks now, then `intervalMs` after each answer, and at once when somebody comes back to the page. */
export function usePoll<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  intervalMs: number,
  inputs: readonly unknown[],
): Polled<T> {
  const [state, setState] = useState<{ data?: T; error?: Error; atMs: number; inputs: readonly unknown[] }>({
    atMs: 0,
    inputs,
  });
  const latestAsk = useRef(ask);
  latestAsk.current = ask;
  const wake = useRef<() => void>(() => undefined);
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    const isShown = () => document.visibilityState === 'visible';
    const nudge = () => wake.current();
    const onVisible = () => isShown() && nudge();
    const loop = async () => {
      while (!signal.aborted) {
        const told = await latestAsk.current(signal).then(
          (data) => ({ data, error: undefined, atMs: Date.now(), inputs }),
          (error: unknown) => ({ error: asError(error) }),
        );
        if (signal.aborted) return;
        setState((before) => ({
          ...(before.inputs === inputs || 'data' in told ? before : { atMs: 0, inputs }),
          ...told,
        }));
        await sleep(intervalMs * (isShown() ? 1 : HIDDEN_FACTOR), (wakeUp) => (wake.current = wakeUp));
      }
    };
    void loop();
    document.addEventListener('visibilitychange', onVisible);
    window.addEventListener('online', nudge);
    return () => {
      ended.abort();
      nudge();
      document.removeEventListener('visibilitychange', onVisible);
      window.removeEventListener('online', nudge);
    };
  }, [...inputs, intervalMs]);
  const refresh = useCallback(() => wake.current(), []);
  const isOurs = sameInputs(state.inputs, inputs);
  return { data: isOurs ? state.data : undefined, error: isOurs ? state.error : undefined, atMs: state.atMs, refresh };
}

function sameInputs(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((input, index) => Object.is(input, other[index]));
}

/** Until the time is up, or somebody wakes it. */
function sleep(ms: number, onStart: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    onStart(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The time, again every `intervalMs`: for ages that grow while nothing else happens. */
export function useNow(intervalMs = 1_000): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs]);
  return nowMs;
}
