import { BackendError, type Backend } from './backend.js';
import { ExecBackend } from './exec/exec-backend.js';

export type BackendFactory = () => Backend;

const BUILT_IN: Readonly<Record<string, BackendFactory>> = {
  exec: () => new ExecBackend(),
};

/** @throws BackendError when this runner has no such backend. */
export function createBackend(kind: string, factories: Readonly<Record<string, BackendFactory>> = BUILT_IN): Backend {
  const factory = Object.hasOwn(factories, kind) ? factories[kind] : undefined;
  if (factory === undefined) {
    const known = Object.keys(factories).join(', ');
    throw new BackendError('runner-start-failed', `this runner has no backend "${kind}" (it has: ${known})`);
  }
  return factory();
}
