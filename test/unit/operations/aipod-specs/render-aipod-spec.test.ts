import assert from 'node:assert/strict';
import type { AipodInput, AipodTemplate } from '../../../../src/contract/aipod-spec.js';
import { RunCreate } from '../../../../src/contract/run.js';
import { RunnerJobCreate } from '../../../../src/contract/runner.js';
import { AgentRunError } from '../../../../src/domain/errors.js';
import { faultsOf } from '../../../../src/http/validation/validate.js';
import { renderAipodSpec } from '../../../../src/operations/aipod-specs/render-aipod-spec.js';

/** A scope may say more than we know of. */
const FURTHER: Record<string, unknown> = { more: 1 };

const NAMES = { tenantId: 'acme', projectId: 'shop' };

function render(spec: AipodTemplate, input: AipodInput = {}) {
  return renderAipodSpec({ name: 'Reviewer', version: 3, spec }, { prompt: 'go', ...input });
}

type Rendered = ReturnType<typeof render>;

interface Case {
  readonly what: string;
  readonly spec: AipodTemplate;
  readonly input?: AipodInput;
  readonly look: (rendered: Rendered) => unknown;
  readonly expected: unknown;
}

const git = { kind: 'git', repoUrl: 'https://git.example.com/x.git', ref: 'main' } as const;

const CASES: Case[] = [
  {
    what: 'takes from the spec what the input does not say',
    spec: { ...NAMES, backendProfile: 'exec', providerId: 'p', workspaceRef: git },
    look: ({ run }) => [run.tenantId, run.projectId, run.backendProfile, run.providerId, run.workspaceRef],
    expected: ['acme', 'shop', 'exec', 'p', git],
  },
  {
    what: 'lets the input win, field by field',
    spec: { ...NAMES, backendProfile: 'codex', workspaceRef: git },
    input: { tenantId: 'beta', backendProfile: 'exec', workspaceRef: { kind: 'none' } },
    look: ({ run }) => [run.tenantId, run.projectId, run.backendProfile, run.workspaceRef],
    expected: ['beta', 'shop', 'exec', { kind: 'none' }],
  },
  {
    what: 'merges the policies by their own fields',
    spec: { ...NAMES, executionPolicy: { sandbox: 'read-only', timeoutMs: 5_000 }, retryPolicy: { maxAttempts: 5 } },
    input: { executionPolicy: { timeoutMs: 9_000, network: false }, retryPolicy: { backoffMs: 1 } },
    look: ({ run }) => [run.executionPolicy, run.retryPolicy],
    expected: [
      { sandbox: 'read-only', timeoutMs: 9_000, network: false },
      { maxAttempts: 5, backoffMs: 1 },
    ],
  },
  {
    what: 'merges variables and metadata by key',
    spec: { ...NAMES, env: { A: 'spec', B: 'spec' }, metadata: { team: 'a', note: 'spec' } },
    input: { env: { B: 'input', C: 'input' }, metadata: { note: 'input' } },
    look: ({ run, runnerJob }) => [runnerJob.env, run.metadata],
    expected: [
      { A: 'spec', B: 'input', C: 'input' },
      { team: 'a', note: 'input', aipodSpec: { name: 'Reviewer', version: 3 } },
    ],
  },
  {
    what: 'says which spec it was, whatever the input says of it',
    spec: { ...NAMES, metadata: { aipodSpec: 'mine' } },
    input: { metadata: { aipodSpec: { name: 'Other', version: 1 } } },
    look: ({ run, task }) => [run.metadata, task.metadata],
    expected: [{ aipodSpec: { name: 'Reviewer', version: 3 } }, { aipodSpec: { name: 'Reviewer', version: 3 } }],
  },
  {
    what: 'puts the preamble before the prompt, an empty line between them',
    spec: { ...NAMES, promptPreamble: 'You are careful.' },
    look: ({ command, task }) => [command, task.prompt],
    expected: [{ type: 'turn', payload: { prompt: 'You are careful.\n\ngo' } }, 'You are careful.\n\ngo'],
  },
  {
    what: 'takes away by null what the spec says',
    spec: { ...NAMES, providerId: 'p', workspaceRef: git, image: 'i', resources: { limits: { cpu: '1' } } },
    input: { providerId: null, workspaceRef: null, image: null, resources: null },
    look: ({ run, runnerJob }) => [Object.keys(run).sort(), runnerJob],
    expected: [['endsWithTurn', 'metadata', 'projectId', 'tenantId'], {}],
  },
  {
    what: 'hands tool credentials on in the secret scope, the short form before the long one',
    spec: {
      ...NAMES,
      toolCredentials: ['github-ssh'],
      executionPolicy: { secretScope: { toolCredentials: [], ...FURTHER } },
    },
    look: ({ run, task }) => [run.executionPolicy, task.executionPolicy],
    expected: [
      { secretScope: { toolCredentials: ['github-ssh'], more: 1 } },
      { secretScope: { toolCredentials: ['github-ssh'], more: 1 } },
    ],
  },
  {
    what: "lets the input's tool credentials win, in either form",
    spec: { ...NAMES, toolCredentials: ['github-ssh'] },
    input: { executionPolicy: { secretScope: { toolCredentials: [] } } },
    look: ({ run }) => run.executionPolicy,
    expected: { secretScope: { toolCredentials: [] } },
  },
  {
    what: 'ends the run with its turn, unless one of both says otherwise',
    spec: { ...NAMES, endsWithTurn: false },
    look: ({ run }) => [
      run.endsWithTurn,
      render(NAMES).run.endsWithTurn,
      render(NAMES, { endsWithTurn: false }).run.endsWithTurn,
    ],
    expected: [false, true, false],
  },
  {
    what: 'keeps what is for the queue to the task, and what is for the session to both',
    spec: { ...NAMES, queue: 'nightly', priority: 3, autoDispatch: true, title: 'Review' },
    input: {
      priority: 9,
      notBefore: '2030-01-01T00:00:00.000Z',
      sessionRef: { sessionId: 's-1' },
      idempotencyKey: 'k',
    },
    look: ({ task, run }) => [task, run],
    expected: [
      {
        queue: 'nightly',
        title: 'Review',
        ...NAMES,
        sessionRef: { sessionId: 's-1' },
        metadata: { aipodSpec: { name: 'Reviewer', version: 3 } },
        prompt: 'go',
        priority: 9,
        notBefore: '2030-01-01T00:00:00.000Z',
        autoDispatch: true,
        runnerJob: {},
        idempotencyKey: 'k',
      },
      {
        ...NAMES,
        sessionRef: { sessionId: 's-1' },
        metadata: { aipodSpec: { name: 'Reviewer', version: 3 } },
        endsWithTurn: true,
        idempotencyKey: 'k',
      },
    ],
  },
];

function refusedField(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof AgentRunError);
    return error.details['field'];
  }
  throw new assert.AssertionError({ message: 'it was accepted' });
}

describe('rendering an aipod spec', () => {
  for (const { what, spec, input, look, expected } of CASES) {
    it(what, () => {
      const rendered = render(spec, input);
      assert.deepEqual(look(rendered), expected);
      assert.deepEqual(faultsOf(RunCreate, rendered.run), []);
      assert.deepEqual(faultsOf(RunnerJobCreate, rendered.runnerJob), []);
      assert.deepEqual(JSON.parse(JSON.stringify(rendered)), rendered, 'nothing in it is lost on the way');
    });
  }

  it('changes neither spec nor input', () => {
    const spec = { ...NAMES, env: { A: '1' }, executionPolicy: { timeoutMs: 5_000 }, metadata: { a: 1 } };
    const input = { prompt: 'go', env: { B: '2' }, executionPolicy: { network: false }, metadata: { b: 2 } };
    const before = structuredClone([spec, input]);
    render(spec, input);
    assert.deepEqual([spec, input], before);
  });

  it('names the field of the input that is missing', () => {
    const { tenantId, projectId } = NAMES;
    assert.equal(
      refusedField(() => render({ projectId })),
      'input.tenantId',
    );
    assert.equal(
      refusedField(() => render({ tenantId })),
      'input.projectId',
    );
    assert.equal(
      refusedField(() => render({ ...NAMES, promptPreamble: 'x' }, { prompt: undefined })),
      'input.prompt',
    );
  });

  it('refuses more variables than a runner Job takes', () => {
    const many = (prefix: string) => Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`${prefix}${n}`, 'x']));
    assert.equal(
      refusedField(() => render({ ...NAMES, env: many('A') }, { env: many('B') })),
      'input.env',
    );
    render({ ...NAMES, env: many('A') }, { env: many('A') });
  });
});
