import { InvalidArgumentError, type Command } from 'commander';
import type { SessionStorage, StorageEvicted, StorageRefresh } from '../../../contract/session.js';
import { CliError, usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { EXIT } from '../../exit-codes.js';
import { terminalSafe } from '../../output.js';
import { table, tabSeparated } from '../../table.js';
import { count } from '../run/options.js';
import { addSessionArgument, sessionPath } from './options.js';
import { storageRows } from './session-words.js';

/** `session storage show | evict | refresh`: a session's volume. */
export function addSessionStorage(session: Command, context: CliContext): void {
  const storage = session.command('storage').description("look at a session's volume, give it up, record its size");
  addShow(storage, context);
  addEvict(storage, context);
  addRefresh(storage, context);
}

function addShow(storage: Command, context: CliContext): void {
  addSessionArgument(storage.command('show'))
    .description("show a session's volume, as the platform and its runners tell it")
    .option('--json', 'as JSON')
    .action((id: string, { json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        tell(context, await client.get<SessionStorage>(sessionPath(id, 'storage')), json);
      }),
    );
}

function addEvict(storage: Command, context: CliContext): void {
  addSessionArgument(storage.command('evict'))
    .description("give up a session's volume with all that is on it; the session takes no further run")
    .option('--yes', 'it is meant: nothing on the volume can be had again')
    .option('--json', 'the answer as JSON')
    .action((id: string, { yes = false, json = false }: { yes?: boolean; json?: boolean }) => {
      if (!yes) throw usageError(`everything on the volume of ${id} would be gone: add --yes if that is meant`);
      return reaching(context, async (client) => {
        const evicted = await client.delete<StorageEvicted>(sessionPath(id, 'storage'));
        const { screen } = context;
        if (json) {
          screen.data(JSON.stringify(evicted));
          return;
        }
        const state = evicted.action.replace('session-storage-', '');
        if (!screen.out.isTerminal) {
          screen.data(tabSeparated([[id, state]]));
          return;
        }
        screen.data(`${screen.out.colors.dim(state === 'evicted' ? '⊘ Evicted' : 'evicting…')}  ${id}`);
      });
    });
}

interface RefreshOptions {
  readonly sizeBytes: number;
  readonly files?: number;
  readonly sha256?: string;
  readonly phase?: string;
  readonly json?: boolean;
}

function addRefresh(storage: Command, context: CliContext): void {
  addSessionArgument(storage.command('refresh'))
    .description('record what was measured of the volume elsewhere; runners do it after each turn by themselves')
    .requiredOption('--size-bytes <n>', 'bytes of all files', count)
    .option('--files <n>', 'how many files', count)
    .option('--sha256 <hex>', 'digest of what is on it', sha256)
    .option('--phase <word>', "the platform's word for the volume's state")
    .option('--json', 'the storage as JSON')
    .action((id: string, options: RefreshOptions) =>
      reaching(context, async (client) => {
        const { pvcName, namespace } = await client.get<SessionStorage>(sessionPath(id, 'storage'));
        if (pvcName === null || namespace === null) throw new CliError(`${id} has no storage`, EXIT.error);
        const body: StorageRefresh = {
          pvcName,
          namespace,
          pvcPhase: options.phase,
          storageSizeBytes: options.sizeBytes,
          storageFilesCount: options.files,
          storageSha256: options.sha256,
        };
        const { summary } = await client.post<{ summary: SessionStorage }>(sessionPath(id, 'storage/refresh'), body);
        tell(context, summary, options.json ?? false);
      }),
    );
}

function sha256(given: string): string {
  if (!/^[0-9a-f]{64}$/.test(given)) throw new InvalidArgumentError('Give 64 hexadecimal digits in lower case.');
  return given;
}

function tell({ screen }: CliContext, storage: SessionStorage, json: boolean): void {
  if (json) return screen.data(JSON.stringify(storage));
  const rows = storageRows(storage);
  if (!screen.out.isTerminal) return screen.data(tabSeparated(rows));
  screen.data(table(rows.map(([name, text]) => [screen.out.colors.dim(name), terminalSafe(text)])));
}
