import { stringify } from 'smol-toml';
import { AppServer } from '../../test/support/app-server.js';
import { eventually } from '../../test/support/eventually.js';
import { startMockProvider, type MockProvider } from '../../test/support/mock-provider.js';
import { heldText, type HeldText } from '../../test/support/mock-provider/held-text.js';
import type { Bed } from '../bed.js';
import { PhaseTail } from '../phase-tail.js';
import { compare, repeat, story, type Comparison, type Contender, type Effort } from '../rounds.js';
import { idleRunnerCase } from './idle-runner.js';

const RUN = { tenantId: 'bench', projectId: 'bench' };
let numbered = 0;

/** What is said to a session: many at once, to a runner that waits, and into a live turn of the real codex until it shows it. */
export async function sessionCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  return [await sendsCase(bed, effort), await idleRunnerCase(bed, effort), await steerCase(bed, effort)];
}

const AT_ONCE = 50;

async function sendsCase({ api, bareTemporal }: Bed, { quick, warmUps, budgetMs }: Effort): Promise<Comparison> {
  const send = (sessionId: string, n: number) =>
    api.send('POST', `/api/v1/sessions/${sessionId}/send`, {
      prompt: `say ${n}`,
      run: { ...RUN, backendProfile: 'exec' },
      createRunnerJob: false,
    });
  const burst = async (count: number) => {
    const sessionId = `bench-${process.pid}-${(numbered += 1)}`;
    await Promise.all(Array.from({ length: count }, (_, n) => send(sessionId, n)));
  };
  const floor = 'bare Update-with-Start';
  return compare({
    title: `sends to idle sessions, until all are answered`,
    rounds: quick ? 3 : 10,
    budgetMs: 2 * budgetMs,
    warmUps,
    floors: [floor],
    contenders: [
      repeat(floor, 1, () => bareTemporal.open()),
      repeat('one send', 1, () => burst(1)),
      repeat(`${AT_ONCE} sends at once`, 1, () => burst(AT_ONCE)),
    ],
  });
}

/** Both codexes stream a text that never ends; each steer makes codex ask its provider again, which streams on. */
async function steerCase(bed: Bed, { quick, warmUps, budgetMs }: Effort): Promise<Comparison> {
  const [bare, ours] = [await BareSteers.open(), await Steers.open(bed)];
  const floors = ['turn/steer to a bare codex, until it shows it', 'bare update'];
  const count = quick ? 3 : 10;
  const workflowId = await bed.bareTemporal.open();
  try {
    return await compare({
      title: 'steer → delivered into a live codex turn',
      rounds: quick ? 3 : 8,
      budgetMs: 2 * budgetMs,
      warmUps,
      floors,
      contenders: [
        repeat(floors[0]!, count, () => bare.steer()),
        repeat(floors[1]!, count, () => bed.bareTemporal.touch(workflowId)),
        repeat('send to the session, until steer-delivered is read', count, () => ours.steer()),
        story(count, async (step) => {
          const steer = await step('the same, when the steer before is written down as ended', () => ours.steer());
          await ours.ended(steer);
        }),
      ] satisfies Contender[],
    });
  } finally {
    await bare.close();
    await ours.close();
  }
}

/** So that no agent takes the text for over. */
const PIECE_MS = 250;

/** Streams on and on, for each request. */
async function endlessProvider(): Promise<MockProvider> {
  return startMockProvider(() => {
    const held: HeldText = heldText();
    let speaking: NodeJS.Timeout | undefined;
    void held.started.then(() => (speaking = setInterval(() => held.push('…'), PIECE_MS)));
    void held.closed.then(() => clearInterval(speaking));
    return held.reply;
  });
}

class BareSteers {
  private constructor(
    private readonly provider: MockProvider,
    private readonly server: AppServer,
    private readonly turnId: string,
  ) {}

  static async open(): Promise<BareSteers> {
    const provider = await endlessProvider();
    const server = await AppServer.start(provider.baseUrl);
    const turnId = await server.startTurn('speak');
    await provider.received(1);
    return new BareSteers(provider, server, turnId);
  }

  async steer(): Promise<void> {
    const clientId = `bench-${(numbered += 1)}`;
    await this.server.steer(this.turnId, clientId, 'another word');
    const isShown = ({ params }: { params: { item?: { clientId?: string } } }) => params.item?.clientId === clientId;
    await this.server.until('the steer shown', () => this.server.notifications.find(isShown));
  }

  async close(): Promise<void> {
    await this.server.stop();
    await this.provider.close();
  }
}

class Steers {
  private constructor(
    private readonly bed: Bed,
    private readonly provider: MockProvider,
    private readonly sessionId: string,
    private readonly runId: string,
    private readonly tail: PhaseTail,
  ) {}

  static async open(bed: Bed): Promise<Steers> {
    const provider = await endlessProvider();
    const table = { name: 'Bench', base_url: provider.baseUrl, env_key: 'BENCH_KEY' };
    const config = stringify({ model: 'mock-model', model_provider: 'bench', model_providers: { bench: table } });
    await bed.api.send('PUT', '/api/v1/provider-profiles/bench/config', { config });
    await bed.api.send('PUT', '/api/v1/provider-profiles/bench/credential', { apiKey: 'sk-of-the-bench' });
    const sessionId = `bench-steer-${process.pid}`;
    const run = { ...RUN, backendProfile: 'bench', executionPolicy: { sandbox: 'full-access' } };
    const sent = await bed.api.send('POST', `/api/v1/sessions/${sessionId}/send`, { prompt: 'speak', run });
    await provider.received(1);
    return new Steers(bed, provider, sessionId, sent.run.id, new PhaseTail(bed.api, sent.run.id));
  }

  /** Answers the command's id. */
  async steer(): Promise<string> {
    const sent = await this.bed.api.send('POST', `/api/v1/sessions/${this.sessionId}/send`, { prompt: 'another word' });
    await this.tail.until('steer-delivered', sent.command.id);
    return sent.command.id;
  }

  async ended(commandId: string): Promise<void> {
    await eventually('the end of the steer', async () => {
      const { state } = await this.bed.api.send('GET', `/api/v1/runs/${this.runId}/commands/${commandId}`);
      return state === 'completed' || undefined;
    });
  }

  async close(): Promise<void> {
    this.tail.close();
    await this.bed.api.send('POST', `/api/v1/runs/${this.runId}/cancel`, {});
    await eventually('the end of the run', async () => {
      const { status } = await this.bed.api.send('GET', `/api/v1/runs/${this.runId}`);
      return status === 'cancelled' || undefined;
    });
    await this.provider.close();
  }
}
