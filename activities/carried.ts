import { ApplicationFailure } from '@temporalio/activity';
import { AgentRunError } from '../src/domain/errors.js';
import type { CarriedResult, RunSnapshot } from '../src/domain/run-snapshot.js';
import type { CommandEnded } from '../src/domain/task-messages.js';
import type { ActivityPorts } from './ports.js';

/** Records come back sooner than platforms, which activities that work on one wait longer for. */
const AGAIN_MS = 1_000;

/** A run's state that goes along with other work of its workflow's, and is written before that; absent where all is written. */
export interface Carrying {
  readonly snapshot?: RunSnapshot;
  /** What tasks are told of, once it can be read. */
  readonly ended?: readonly CommandEnded[];
}

export interface Carried {
  /** Absent where there was nothing to write. */
  readonly written?: CarriedResult;
  /** Whether those tasks were told: not where it could not be written. */
  readonly told: boolean;
}

/** @throws what is tried again soon, while the database is out of reach. */
export async function writeAndTell(
  ports: Pick<ActivityPorts, 'runs' | 'queueSignals'>,
  { snapshot, ended = [] }: Carrying,
): Promise<Carried> {
  const written = snapshot && (await writeCarried(ports, snapshot));
  const told = written !== 'foreign' && written !== 'refused';
  // A task that is gone has nobody left to tell.
  if (told) await Promise.all(ended.map(async (one) => ports.queueSignals.commandEnded(one)));
  return { ...(written && { written }), told };
}

async function writeCarried({ runs }: Pick<ActivityPorts, 'runs'>, snapshot: RunSnapshot): Promise<CarriedResult> {
  try {
    return await runs.projectRun(snapshot);
  } catch (error) {
    if (error instanceof AgentRunError && error.refusal !== 'unavailable') return 'refused';
    throw soonAgain(error);
  }
}

function soonAgain(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { message, name: type } = error;
  return ApplicationFailure.create({ message, type, cause: error, nextRetryDelay: AGAIN_MS });
}
