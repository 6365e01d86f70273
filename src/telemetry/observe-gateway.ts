import { sessionIdOfWorkflow } from '../domain/ids.js';
import type { RunInput, SendToSession, SendToSessionAnswer } from '../domain/run-messages.js';
import type { RunGateway } from '../ports/run-gateway.js';
import type { RunnerLaunch, RunnerPlatform, WarmRunners } from '../ports/runner-platform.js';
import { formatTraceparent, spanOf } from './trace-context.js';
import type { Telemetry } from './telemetry.js';

/** The same gateway, telling of the runs and commands that workflows took. */
export function observeGateway(gateway: RunGateway, telemetry: Telemetry): RunGateway {
  const { tracing } = telemetry;
  if (!tracing.isOn) return gateway;
  return {
    ...gateway,
    async openRun(address, input) {
      const startMs = Date.now();
      const answer = await gateway.openRun(address, input);
      if (answer.opened) await recordRun(telemetry, input, startMs);
      const opening = answer.opened ? input.opening : undefined;
      if (opening)
        await recordCommand(
          telemetry,
          input.runId,
          { commandId: opening.turn.commandId, commandType: 'turn' },
          startMs,
        );
      return answer;
    },
    async sendToSession(address, input, message) {
      const startMs = Date.now();
      const answer = await gateway.sendToSession(address, input, message);
      if (answer.runId === input.runId) await recordRun(telemetry, input, startMs);
      await recordSends(telemetry, { sessionId: input.sessionId, message, answer }, startMs);
      return answer;
    },
    async sendToLiveRun(address, message) {
      const startMs = Date.now();
      const answer = await gateway.sendToLiveRun(address, message);
      await recordSends(telemetry, { sessionId: sessionIdOfWorkflow(address.workflowId), message, answer }, startMs);
      return answer;
    },
    async addCommand(address, message) {
      const startMs = Date.now();
      const answer = await gateway.addCommand(address, message);
      const { runId, commandId, type: commandType } = message;
      await recordCommand(telemetry, runId, { commandId, commandType, commandState: 'pending' }, startMs);
      return answer;
    },
  };
}

/** Its id follows from the run's: see `spanOf`. Where the request that made the run is not what is under way, it begins the trace. */
async function recordRun({ tracing, traces }: Telemetry, input: RunInput, startMs: number): Promise<void> {
  const { runId, sessionId, backendProfile, providerId } = input;
  const spanId = spanOf(runId);
  const { parent, link } = await traces.placeOf(runId);
  const place = parent?.spanId === spanId ? { parent: null, traceId: parent.traceId, link } : { parent };
  const attributes = { runId, sessionId, backendProfile, providerId };
  tracing.record('run_created', { ...place, startMs, spanId, attributes });
}

interface AnsweredSends {
  readonly sessionId: string | null;
  readonly message: SendToSession;
  readonly answer: SendToSessionAnswer;
}

async function recordSends(
  telemetry: Telemetry,
  { sessionId, message, answer }: AnsweredSends,
  startMs: number,
): Promise<void> {
  const refused = new Set(answer.refused?.map(({ commandId }) => commandId));
  for (const { commandId } of message.sends.filter((send) => !refused.has(send.commandId))) {
    await recordCommand(telemetry, answer.runId, { commandId, sessionId }, startMs);
  }
}

async function recordCommand(
  { tracing, traces }: Telemetry,
  runId: string,
  command: Readonly<Record<string, string | null>>,
  startMs: number,
): Promise<void> {
  tracing.record('command_created', { ...(await traces.placeOf(runId)), startMs, attributes: { runId, ...command } });
}

/** The same platform, whose launches are told, and whose runners know which trace they belong to. */
export function observeLaunches(platform: RunnerPlatform, { tracing, traces }: Telemetry): RunnerPlatform {
  if (!tracing.isOn) return platform;
  const told = async <T>(wanted: RunnerLaunch, work: (told: RunnerLaunch) => Promise<T>) => {
    const { runId, jobId, attemptId, runnerId, jobName, sessionId } = wanted;
    const [place, own] = await Promise.all([traces.placeOf(runId), traces.jobSpanOf(runId, jobId)]);
    const attributes = { runId, attemptId, runnerId, jobName, sessionId, namespace: platform.namespace };
    const traced = own === undefined ? wanted : { ...wanted, traceparent: formatTraceparent(own) };
    return tracing.span('runner_job_created', { ...place, spanId: own?.spanId, attributes }, async () => work(traced));
  };
  const launch = async (wanted: RunnerLaunch) => told(wanted, async (traced) => platform.launch(traced));
  const { warm: waiting } = platform;
  const warm: WarmRunners | undefined = waiting && {
    digest: (wanted) => waiting.digest(wanted),
    launch: async (wanted) => waiting.launch(wanted),
    assign: async (wanted) => told(wanted, async (traced) => waiting.assign(traced)),
  };
  return new Proxy(platform, {
    get: (target, name) => {
      if (name === 'launch') return launch;
      if (name === 'warm') return warm;
      const value: unknown = Reflect.get(target, name);
      // A platform's methods use its private fields, which a proxy has none of.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
