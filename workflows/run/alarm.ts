import { CancellationScope, sleep } from '@temporalio/workflow';

/** A timer that rings within this long is left running where a later one is wanted: it costs less to wake up once for nothing. */
const LEFT_RUNNING_MS = 60_000;

/**
 * The one timer of a run: wakes its loop, which then looks what is due and sets it again. Each start and each cancel of a timer is an
 * event in the history, so that a burst of messages, each of which moves what is due, should not set it each time.
 */
export class Alarm {
  private running: { readonly atMs: number; readonly scope: CancellationScope } | undefined;

  /** Whether it does not ring in time for this, or would ring for nothing, and not soon. Times are those of the workflow. */
  wouldSet(atMs: number): boolean {
    if (this.running === undefined || atMs < this.running.atMs) return true;
    return atMs > this.running.atMs && this.running.atMs > Date.now() + LEFT_RUNNING_MS;
  }

  /** Rings at this time, or sooner. `name` is what it is for, as operators read it. */
  set(atMs: number, name: string): void {
    this.running?.scope.cancel();
    const mine = { atMs, scope: new CancellationScope() };
    this.running = mine;
    const rung = () => {
      if (this.running === mine) this.running = undefined;
    };
    // One that is cancelled has been replaced.
    mine.scope.run(async () => sleep(Math.max(1, atMs - Date.now()), { summary: name })).then(rung, () => undefined);
  }
}
