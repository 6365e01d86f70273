import assert from 'node:assert/strict';
import { BACKWARDS, type States } from './backwards.js';
import { programsOf } from './check-launches.js';
import { runsThatCameBack } from './check-progress.js';

type Changes<State> = readonly (readonly [Partial<State>, Partial<State>])[];

/** Of each kind, one state that changes are told from, changes that go on, and changes that lead back. */
const RUN = { status: 'running', attempt: 1, terminal_status: null, claimed_by: 'a' } as const;
const COMMAND = { state: 'pending', attempt: null, superseded_by: null };
const TASK = { state: 'running', phase: 'running', attempt: 1, dispatched_at: '2026-01-01T00:00:00Z' };
const JOB = { status: 'running', attempt: 1, job_name: 'job-1' } as const;
const LEASE = { attempt: 1, alive: true, runner_id: 'a', ended: false };
const SESSION = {
  ...{ execution_state: 'running', active_run_id: 'run-1', last_run_id: 'run-1', terminal_status: null },
  ...{ news: 3, storage_state: 'pvc' },
};
const ENDED_SESSION = { execution_state: 'terminal', active_run_id: null, terminal_status: 'completed' };

describe('fault suite, checker: what has moved backwards', () => {
  compares('runs', RUN, {
    onwards: [
      [{ status: 'claimed' }, { status: 'running' }],
      [{ status: 'running' }, { status: 'pending', attempt: 2, claimed_by: null }],
      [{ status: 'running' }, { status: 'failed', terminal_status: 'failed' }],
    ],
    back: [
      [{ status: 'running' }, { status: 'claimed' }],
      [{ attempt: 2 }, { attempt: 1 }],
      [{ claimed_by: 'a' }, { claimed_by: 'b' }],
      [{ status: 'completed' }, { status: 'running', attempt: 2 }],
      [{ status: 'completed' }, { status: 'completed', attempt: 2 }],
      [{ status: 'completed' }, { status: 'cancelled' }],
    ],
  });
  compares('commands', COMMAND, {
    onwards: [
      [{ state: 'pending' }, { state: 'acknowledged', attempt: 1 }],
      [{ state: 'pending' }, { state: 'cancelled', superseded_by: 'cmd-2' }],
    ],
    back: [
      [{ state: 'acknowledged' }, { state: 'pending' }],
      [
        { state: 'acknowledged', attempt: 2 },
        { state: 'acknowledged', attempt: 1 },
      ],
      [{ state: 'completed' }, { state: 'acknowledged' }],
      [{ state: 'cancelled', superseded_by: 'cmd-2' }, { state: 'cancelled' }],
    ],
  });
  compares('tasks', TASK, {
    onwards: [
      [{ state: 'pending', attempt: 0 }, { state: 'running' }],
      [{ state: 'running' }, { state: 'pending', phase: 'waiting-to-retry' }],
      [{ state: 'failed' }, { state: 'pending', dispatched_at: '2026-01-01T00:00:01Z' }],
    ],
    back: [
      [{ state: 'running' }, { state: 'pending', phase: 'waiting-for-dispatch' }],
      [{ attempt: 2 }, { attempt: 1 }],
      [{ state: 'completed' }, { state: 'running', attempt: 2 }],
      [{ state: 'completed' }, { state: 'failed' }],
      [{ state: 'failed' }, { state: 'pending', dispatched_at: null }],
    ],
  });
  compares('runner_jobs', JOB, {
    onwards: [
      [{ status: 'pending' }, { status: 'running' }],
      [{ status: 'starting' }, { status: 'lost' }],
    ],
    back: [
      [{ status: 'running' }, { status: 'starting' }],
      [{ status: 'failed' }, { status: 'running' }],
      [{ status: 'lost' }, { status: 'succeeded' }],
      [{ job_name: 'job-1' }, { job_name: 'job-2' }],
    ],
  });
  compares('run_leases', LEASE, {
    onwards: [
      [{ alive: false, runner_id: null }, { alive: true }],
      [{ attempt: 1 }, { attempt: 2, alive: false, runner_id: null }],
      [{ ended: false }, { ended: true, alive: false }],
    ],
    back: [
      [{ runner_id: 'a' }, { runner_id: 'b' }],
      [{ attempt: 2 }, { attempt: 1 }],
      [
        { ended: true, alive: false },
        { ended: true, alive: true },
      ],
      [{ ended: true }, { ended: false }],
    ],
  });
  compares('sessions', SESSION, {
    onwards: [
      [{ execution_state: 'running' }, { execution_state: 'idle', news: 4 }],
      [{ execution_state: 'running' }, ENDED_SESSION],
      [ENDED_SESSION, { execution_state: 'pending', active_run_id: 'run-2', last_run_id: 'run-2' }],
    ],
    back: [
      [ENDED_SESSION, { execution_state: 'running' }],
      [ENDED_SESSION, { ...ENDED_SESSION, terminal_status: 'failed' }],
      [{ news: 4 }, { news: 3 }],
      [{ storage_state: 'evicted' }, { storage_state: 'pvc' }],
    ],
  });

  it('knows a run that comes back to a session', () => {
    const change = (runId: string | null) => ({
      ...{ n: 1, at: new Date(0), id: 's', was: null },
      becomes: { ...SESSION, last_run_id: runId },
    });
    assert.deepEqual(runsThatCameBack([null, 'run-1', 'run-1', 'run-2'].map(change)), []);
    assert.deepEqual(runsThatCameBack(['run-1', 'run-2', 'run-1'].map(change)), [
      'session s went back from the run run-2 to run-1',
    ]);
  });

  it('knows the processes of a Job from its log', () => {
    const line = (pid: number) => JSON.stringify({ level: 30, runId: 'run-1', pid, msg: 'claimed' });
    assert.deepEqual(programsOf(`agentrun runner: no token\n${line(7)}\n${line(7)}\n{"level":30,"runId":"ru`), [7]);
    assert.deepEqual(programsOf(`${line(7)}\n${line(8)}\n`), [7, 8]);
  });
});

function compares<T extends keyof States>(
  thing: T,
  state: States[T],
  changes: { readonly onwards: Changes<States[T]>; readonly back: Changes<States[T]> },
): void {
  for (const [name, isBack] of [
    ['onwards', false],
    ['back', true],
  ] as const)
    for (const [was, becomes] of changes[name])
      it(`${thing}: ${JSON.stringify(was)}, then ${JSON.stringify(becomes)}, goes ${name}`, () => {
        assert.equal(BACKWARDS[thing]({ ...state, ...was }, { ...state, ...becomes }), isBack);
      });
}
