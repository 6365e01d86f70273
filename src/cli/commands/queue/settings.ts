import { Argument, InvalidArgumentError, type Command } from 'commander';
import type { QueueChanged, QueueRecord } from '../../../contract/queue.js';
import { usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { count } from '../run/options.js';
import { addQueueArgument, queuePath, tellQueue, updateQueue } from './options.js';

interface Json {
  readonly json?: boolean;
}

export function addQueuePause(queue: Command, context: CliContext): void {
  addQueueArgument(queue.command('pause'))
    .description('start no further task; those that run go on')
    .action((name: string, { json }: Json) => updateQueue(context, name, { paused: true }, json));
}

export function addQueueResume(queue: Command, context: CliContext): void {
  addQueueArgument(queue.command('resume'))
    .description('start tasks again')
    .action((name: string, { json }: Json) => updateQueue(context, name, { paused: false }, json));
}

export function addQueueLimit(queue: Command, context: CliContext): void {
  addQueueArgument(queue.command('limit'))
    .argument('[slots]', 'how many tasks may run at once; 0 starts none, and none that runs is stopped', count)
    .option('--max-pending <n>', 'how many may wait; a further one is refused', count)
    .description('limit how many tasks run and wait')
    .action((name: string, concurrency: number | undefined, options: Json & { maxPending?: number }) => {
      const { maxPending, json } = options;
      if (concurrency === undefined && maxPending === undefined) throw usageError('give the slots, or --max-pending');
      return updateQueue(context, name, { concurrency, maxPending }, json);
    });
}

export function addQueueAutoDispatch(queue: Command, context: CliContext): void {
  addQueueArgument(queue.command('auto-dispatch'))
    .addArgument(new Argument('<on|off>').choices(['on', 'off']))
    .description('say whether tasks begin by themselves, where they do not say it')
    .action((name: string, given: 'on' | 'off', { json }: Json) =>
      updateQueue(context, name, { autoDispatch: given === 'on' }, json),
    );
}

type Weights = Readonly<Record<string, number>>;

export function addQueueWeights(queue: Command, context: CliContext): void {
  addQueueArgument(queue.command('weights'))
    .argument('<tenant=n...>', 'a tenant of weight 3 gets three times the slots of one of weight 1', weight)
    .description('share slots between tenants; those not named keep their weight, which is 1 at first')
    .action((name: string, given: Weights, { json = false }: Json) => setWeights(context, name, given, json));
}

async function setWeights(context: CliContext, name: string, given: Weights, json: boolean): Promise<void> {
  await reaching(context, async (client) => {
    const { weights: before } = await client.get<QueueRecord>(queuePath(name));
    const all = Object.entries({ ...before, ...given });
    // 1 is what everyone has: it need not be kept.
    const weights = Object.fromEntries(all.filter(([, value]) => value !== 1));
    tellQueue(context, await client.put<QueueChanged>(queuePath(name), { weights }), json);
  });
}

function weight(given: string, before: Weights = {}): Weights {
  const [, tenant, value] = /^([^=]+)=(\d+)$/.exec(given) ?? [];
  if (tenant === undefined || value === undefined || Number(value) < 1) {
    throw new InvalidArgumentError('Give tenant=3: a whole number from 1.');
  }
  return { ...before, [tenant]: Number(value) };
}
