import type { ExecutionPolicy } from '../../../contract/run.js';
import type { ProviderProxy } from '../../provider-proxy/provider-proxy.js';
import type { CodexTurn } from './codex-turn.js';

/** A provider that is started anew is back by then. */
const OUTAGE_MS = 20_000;
const LOOK_EVERY_MS = 250;

/** How long a provider may keep a turn waiting, so that the turn ends by that and not by its idle timeout. */
export function patienceMs({ idleTimeoutMs }: Pick<ExecutionPolicy, 'idleTimeoutMs'>): number {
  return Math.ceil(idleTimeoutMs / 3);
}

/** Ends the turn when for long there was no way to the provider: how long codex tries again is not ours to say. */
export function watchOutage(
  proxy: Pick<ProviderProxy, 'unreachableMs' | 'trouble' | 'describe'>,
  turn: Pick<CodexTurn, 'giveUp' | 'done'>,
  policy: ExecutionPolicy,
): void {
  const limitMs = Math.min(OUTAGE_MS, patienceMs(policy));
  const timer = setInterval(() => {
    const { unreachableMs, trouble } = proxy;
    if (trouble === null || unreachableMs < limitMs) return;
    clearInterval(timer);
    const message = `${proxy.describe(trouble)}: given up after ${Math.round(unreachableMs)} ms`;
    turn.giveUp({ failureKind: 'provider-unavailable', message });
  }, LOOK_EVERY_MS);
  void turn.done.then(() => clearInterval(timer));
}
