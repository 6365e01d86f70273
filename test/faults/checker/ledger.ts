import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runVolumeName } from '../../../src/domain/volume-names.js';
import type { Round } from '../harness/round.js';

/** What an agent wrote down of itself, in the order in which it happened on that volume. */
export interface LedgerLine {
  readonly volume: string;
  readonly jobName: string;
  readonly what: 'begin' | 'step' | 'end' | 'hear';
  readonly operation: string;
}

/** The ledgers of the volumes that the round's runs worked on, one after another. */
export async function readLedgers({ system, beganAt }: Round): Promise<LedgerLine[]> {
  const runs = await system.query<{ id: string; session_id: string | null }>(
    'SELECT id, session_id FROM runs WHERE created_at >= $1 AND opened_at IS NOT NULL',
    [beganAt],
  );
  const volumes = new Set(runs.map(({ id, session_id: sessionId }) => runVolumeName({ runId: id, sessionId })));
  const ledgers = await Promise.all([...volumes].map(async (volume) => readLedger(system.dataDir, volume)));
  return ledgers.flat();
}

async function readLedger(dataDir: string, volume: string): Promise<LedgerLine[]> {
  const path = join(dataDir, 'volumes', volume, 'workspace', 'ledger');
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [jobName = '', what = '', operation = ''] = line.split(' ');
    return { volume, jobName, what: what as LedgerLine['what'], operation };
  });
}
