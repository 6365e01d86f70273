export interface DeadlineSignal {
  readonly signal: AbortSignal;
  /** Takes the time limit away; the caller's signal still aborts. */
  stopClock(): void;
  /** Lets go of everything. */
  clear(): void;
}

/**
 * Aborts after `timeoutMs` (reason: a TimeoutError) or with the caller's signal (its reason). By hand, because
 * `AbortSignal.any` keeps something of every request alive for as long as a long-lived signal lives.
 */
export function deadlineSignal(timeoutMs: number, outer?: AbortSignal): DeadlineSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('the time is up', 'TimeoutError')), timeoutMs);
  const stopClock = () => clearTimeout(timer);
  const onOuter = () => controller.abort(outer?.reason);
  if (outer?.aborted) onOuter();
  else outer?.addEventListener('abort', onOuter, { once: true });
  const clear = () => {
    stopClock();
    outer?.removeEventListener('abort', onOuter);
  };
  return { signal: controller.signal, stopClock, clear };
}
