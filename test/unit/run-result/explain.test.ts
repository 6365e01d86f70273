import assert from 'node:assert/strict';
import type { RunExplanation } from '../../../src/contract/explanation.js';
import type { RunHistory } from '../../../src/domain/run-history.js';
import type { ExplainFacts } from '../../../src/run-result/explain/explain-facts.js';
import { explainRun } from '../../../src/run-result/explain/explain-run.js';
import { explainSession } from '../../../src/run-result/explain/explain-session.js';
import {
  ago,
  commandRecord,
  endedCommand,
  endedRun,
  eventRecord,
  factsOf,
  heldRun,
  jobRecord,
  liveTurnRecord,
  NOW_MS,
  runRecord,
} from './facts.js';

const NO_HISTORY: RunHistory = { facts: [], isCut: false, pending: [], timers: [] };

function explainFacts(changes: Partial<ExplainFacts> = {}): ExplainFacts {
  const run = factsOf(runRecord());
  return { run, jobs: [], story: [], isStoryCut: false, leaseRenewedAtMs: null, history: NO_HISTORY, ...changes };
}

const told = (facts: ExplainFacts) => explainRun(facts).timeline.map(({ text }) => text);
const status = (seq: number, phase: string, payload = {}, ageMs = 5_000) =>
  eventRecord(seq, 'backend_status', { phase, ...payload }, ageMs);
const beforeMs = (ms: number) => NOW_MS - ms;

describe('the timeline of a run', () => {
  const CASES: [what: string, facts: Partial<ExplainFacts>, expected: RegExp[]][] = [
    ['what nobody asked anything of', {}, [/^The run was created for acme\/site, on exec\.$/]],
    [
      'a Job that could not be placed',
      { jobs: [jobRecord({ status: 'failed', reason: 'Unschedulable', finishedAt: ago(2_000) })] },
      [
        /^The run was/,
        /^The runner Job runner-1 was asked for/,
        /^The runner Job of attempt 1 ended failed \(Unschedulable\)/,
      ],
    ],
    [
      'a claim, and a lease that was renewed',
      {
        run: factsOf(heldRun(), { commands: [liveTurnRecord()] }),
        story: [status(1, 'runner-claim-accepted', { runnerId: 'rnr_1', attempt: 1 }, 45_000)],
        leaseRenewedAtMs: beforeMs(4_000),
      },
      [
        /^The run was/,
        /^Turn 1 was asked for/,
        /^Runner rnr_1 claimed the run/,
        /^Turn 1 was taken/,
        /^Runner rnr_1 renewed its lease last here; it lasts 30 s more/,
      ],
    ],
    [
      'a lease that is over',
      { run: factsOf(heldRun({ leaseExpiresAt: ago(3_000) })), leaseRenewedAtMs: beforeMs(20_000) },
      [/^The run was/, /renewed its lease last here; it ended 3\.0 s ago/, /^The lease of rnr_1 ran out/],
    ],
    [
      'an attempt that was lost',
      {
        story: [status(1, 'attempt-lost', { message: 'The lease of attempt 1 ran out.', willRetry: true, attempt: 1 })],
      },
      [/^The run was/, /^The lease of attempt 1 ran out\. Another attempt follows\.$/],
    ],
    [
      'a steer that came too late',
      {
        run: factsOf(heldRun(), {
          commands: [endedCommand(2, { type: 'steer', terminalStatus: 'cancelled', supersededBy: 'cmd_000000003t' })],
        }),
      },
      [
        /^The run was/,
        /^Steer 2 was asked for/,
        /^Steer 2 was taken/,
        /^Steer 2 came too late for its turn, and became/,
      ],
    ],
    [
      'errors in a row, and an end',
      {
        run: factsOf(endedRun({ terminalStatus: 'failed', failureKind: 'provider-unavailable' })),
        story: [
          eventRecord(1, 'error', { message: 'no route', willRetry: true }, 9_000),
          eventRecord(2, 'error', { message: 'no route', willRetry: true }, 8_000),
          eventRecord(3, 'terminal_status', { terminalStatus: 'failed', failureKind: 'provider-unavailable' }, 1_000),
        ],
      },
      [
        /^The run was/,
        /^The agent tells of an error, and tries again: no route/,
        /^The run ended failed with provider-/,
      ],
    ],
    [
      'what the commands tell is not told twice',
      { story: [status(1, 'command-terminal', { commandId: 'cmd_000000001' })] },
      [/^The run was/],
    ],
    [
      'a phase of an agent that nobody knows',
      { story: [status(1, 'constructor', { message: 'odd' })] },
      [/^The run was/, /^constructor: odd$/],
    ],
  ];
  for (const [what, facts, expected] of CASES) {
    it(`tells ${what}`, () => {
      const texts = told(explainFacts(facts));
      assert.equal(texts.length, expected.length, texts.join('\n'));
      expected.forEach((pattern, index) => assert.match(texts[index] ?? '', pattern));
    });
  }

  const HISTORIES: [what: string, history: Partial<RunHistory>, expected: RegExp | null][] = [
    ['nothing of a record that was written at once', { facts: [activity('projectRun', { tries: 1 })] }, null],
    ['a record that took tries', { facts: [activity('projectRun', { tries: 7 })] }, /database took 7 tries/],
    [
      'a launch',
      { facts: [activity('launchRunnerJob', { attempt: 2 })] },
      /^The platform took the runner Job, in 1\.0 s/,
    ],
    [
      'a launch that was refused',
      { facts: [activity('launchRunnerJob', { failure: 'no quota' })] },
      /failed for good: no quota/,
    ],
    ['a backoff', { facts: [timer('backoff')] }, /^The backoff of 5\.0 s before the attempt is over/],
    ['no look at the lease', { facts: [timer('lease backstop')] }, null],
    [
      'work that is tried again',
      {
        pending: [
          { activity: 'launchRunnerJob', tries: 4, scheduledAtMs: beforeMs(9_000), attempt: 1, failure: 'no answer' },
        ],
      },
      /^Making the runner Job is under way for 9\.0 s, tried 4 times so far: no answer\.$/,
    ],
    [
      'the next wait to end',
      {
        timers: [
          { name: 'silence limit', startedAtMs: beforeMs(1), untilMs: beforeMs(-90_000) },
          { name: 'backoff', startedAtMs: beforeMs(1), untilMs: beforeMs(-9_000) },
        ],
      },
      /its next look is “backoff”, due in 9\.0 s/,
    ],
    [
      'a workflow that was terminated',
      { facts: [{ what: 'execution-ended', atMs: beforeMs(1), how: 'terminated', reason: 'by mistake' }] },
      /^The workflow was terminated: by mistake/,
    ],
    [
      'code that failed',
      { facts: [{ what: 'task-failed', atMs: beforeMs(1), cause: 'an error in it' }] },
      /code failed/,
    ],
    [
      'the end of a runner',
      { facts: [{ what: 'runner-exited', atMs: beforeMs(1), attempt: 1, reason: 'OOMKilled', exitCode: 137 }] },
      /the runner ended \(OOMKilled, exit code 137\)/,
    ],
  ];
  for (const [what, history, expected] of HISTORIES) {
    it(`tells of a history ${what}`, () => {
      const [, ...rest] = told(explainFacts({ history: { ...NO_HISTORY, ...history } }));
      if (expected === null) assert.deepEqual(rest, []);
      else assert.match(rest.join('\n'), expected);
    });
  }

  it('counts what happened again and again as one entry, at its last time', () => {
    const story = [1, 2, 3].map((seq) => eventRecord(seq, 'error', { message: 'again' }, 9_000 - seq));
    const entry = explainRun(explainFacts({ story })).timeline.at(-1);
    assert.deepEqual([entry?.times, entry?.at, entry?.isTrouble], [3, ago(8_997), true]);
  });

  it('is bounded: of a long life it keeps the beginning and the end, and says how much is left out', () => {
    const commands = Array.from({ length: 150 }, (_, index) =>
      endedCommand(index + 1, {
        createdAt: ago(50_000 - index),
        failureMessage: 'x'.repeat(9_000),
        terminalStatus: 'failed',
      }),
    );
    const answer = explainRun(explainFacts({ run: factsOf(heldRun(), { commands }) }));
    assert.deepEqual([answer.timeline.length, answer.omitted], [200, 251]);
    assert.match(answer.timeline[0]?.text ?? '', /^The run was created/);
    assert.ok(answer.timeline.every(({ text }) => text.length <= 240));
  });

  it('holds no word of a prompt or an output', () => {
    const run = factsOf(heldRun(), { commands: [commandRecord(1, { payload: { prompt: 'planted' } })] });
    const story = [status(1, 'turn/started', { text: 'planted', output: 'planted' })];
    assert.ok(!JSON.stringify(explainRun(explainFacts({ run, story }))).includes('planted'));
  });

  const SOURCES: [Partial<ExplainFacts>, Partial<RunExplanation['sources']>, RegExp | null][] = [
    [{}, { history: 'read', events: 'read' }, null],
    [{ history: 'gone' }, { history: 'gone' }, /from PostgreSQL alone/],
    [{ history: 'unavailable' }, { history: 'unavailable' }, /did not answer in time/],
    [{ history: { ...NO_HISTORY, isCut: true } }, { history: 'cut' }, /only its end/],
    [{ isStoryCut: true }, { events: 'cut' }, /left out/],
  ];
  for (const [facts, expected, note] of SOURCES) {
    it(`says what it was made from: ${JSON.stringify(expected)}`, () => {
      const { sources, diagnosis } = explainRun(explainFacts(facts));
      assert.deepEqual({ ...sources, ...expected }, sources);
      if (note === null) assert.equal(sources.note, null);
      else assert.match(sources.note ?? '', note);
      assert.match(diagnosis, /^No runner has claimed the run/);
    });
  }
});

describe('the timeline of a session', () => {
  const session = {
    sessionId: 'review-1',
    sessionPath: '/api/v1/sessions/review-1',
    tenantId: 'acme',
    projectId: 'site',
    backendProfile: 'exec',
    conversationId: null,
    threadId: null,
    metadata: {},
    executionState: 'idle',
    attentionState: 'none',
    active: false,
    activeRunId: null,
    activeCommandId: null,
    lastRunId: null,
    lastCommandId: null,
    terminalStatus: null,
    failureKind: null,
    lastActivityAt: ago(90_000),
    createdAt: ago(90_000),
    updatedAt: ago(90_000),
    unread: false,
    expiresAt: ago(-90_000),
    storageKind: 'none',
    storagePvcName: null,
    storagePvcPhase: null,
    codexRolloutSubdir: 'sessions',
    valuesPrinted: false,
  } as const;

  it('of one without runs advises a first turn', () => {
    const answer = explainSession({ session, others: [], run: null });
    assert.deepEqual(
      answer.next.map(({ action }) => action),
      ['send-session'],
    );
    assert.equal(answer.sources.history, 'not-asked');
  });

  it('tells earlier runs in two lines each and the last one in full', () => {
    const other = endedRun({
      id: 'run_00000000',
      terminalStatus: 'failed',
      failureKind: 'runner-lost',
      createdAt: ago(80_000),
      finishedAt: ago(70_000),
      attempt: 3,
    });
    const answer = explainSession({ session, others: [other], run: explainFacts() });
    assert.deepEqual(
      answer.timeline.map(({ runId, text }) => [runId, text]),
      [
        [null, 'The session was made for acme/site, on exec.'],
        ['run_00000000', 'Run run_00000000 was created.'],
        ['run_00000000', 'Run run_00000000 ended failed with runner-lost, in attempt 3.'],
        ['run_0123456789', 'The run was created for acme/site, on exec.'],
      ],
    );
    assert.match(answer.diagnosis, /^No run of the session lives\. No runner has claimed/);
  });

  it('of one whose storage is gone says that it cannot go on', () => {
    const answer = explainSession({ session: { ...session, storageKind: 'evicted' }, others: [], run: explainFacts() });
    assert.match(answer.diagnosis, /begin a new session/);
    assert.deepEqual(
      answer.next.map(({ action }) => action),
      ['create-session'],
    );
  });
});

function activity(name: string, changes: { tries?: number; attempt?: number; failure?: string }) {
  const { tries = 1, attempt = null, failure = null } = changes;
  const atMs = beforeMs(1_000);
  return { what: 'activity-ended' as const, atMs, activity: name, startedAtMs: atMs - 1_000, tries, attempt, failure };
}

function timer(name: string) {
  return { what: 'timer-fired' as const, atMs: beforeMs(1_000), name, startedAtMs: beforeMs(6_000) };
}
