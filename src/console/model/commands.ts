import type { CommandRecord } from '../../client/index.js';

/** A runner has taken a turn and has not ended it. Pure. */
export function liveTurnOf(commands: readonly CommandRecord[]): CommandRecord | undefined {
  return commands.find(({ type, state }) => type === 'turn' && state === 'acknowledged');
}

/** What the newest turn was told. */
export function lastPromptOf(commands: readonly CommandRecord[]): string {
  const prompt = commands.findLast(({ type }) => type === 'turn')?.payload['prompt'];
  return typeof prompt === 'string' ? prompt : '';
}
