import assert from 'node:assert/strict';
import { AgentRunError } from '../../../src/domain/errors.js';
import { documentOfBody, readAipodText } from '../../../src/http/validation/aipod-document.js';

const HEAD = 'apiVersion: agentrun/v1\nkind: AipodSpec\nmetadata:\n  name: x\n';
/** From line 6. */
const spec = (lines: string) => `${HEAD}spec:\n${lines.replace(/^/gm, '  ')}\n`;

function refusal(body: unknown): AgentRunError {
  try {
    documentOfBody(body as Parameters<typeof documentOfBody>[0]);
  } catch (error) {
    assert.ok(error instanceof AgentRunError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'it was accepted' });
}

/** A document that grows tenfold with each anchor. */
const BOMB = Array.from(
  { length: 9 },
  (_, n) =>
    `a${n}: &a${n} [${Array(10)
      .fill(n === 0 ? 'x' : `*a${n - 1}`)
      .join(', ')}]`,
);

type Case = [what: string, text: string, field: string, line: number | undefined, message: RegExp];

const REFUSED: Case[] = [
  ['an empty text', '', 'yaml', undefined, /there is no document in it$/],
  ['comments alone', '# nothing\n', 'yaml', undefined, /there is no document in it$/],
  [
    'two documents',
    `${spec('title: a')}---\n${spec('title: b')}`,
    'yaml',
    7,
    /more than one document in it \(line 7, column 1\)$/,
  ],
  ['broken syntax', `${HEAD}spec:\n  title: [a\n`, 'yaml', 7, /^the YAML cannot be read: .*\(line 7, column \d+\)$/],
  [
    'a tab for indentation',
    `${HEAD}spec:\n\ttitle: a\n`,
    'yaml',
    6,
    /Tabs are not allowed as indentation \(line 6, column 1\)$/,
  ],
  ['a key twice', spec('title: a\nqueue: q\ntitle: b'), 'yaml', 8, /Map keys must be unique \(line 8, column 3\)$/],
  ['a tag of its own', spec('title: !secret a'), 'yaml', 6, /tags are not allowed/],
  ['a tag of YAML 1.1', spec('metadata:\n  raw: !!binary aGk='), 'yaml', 7, /tags are not allowed/],
  ['a directive', `%SECRET x\n---\n${spec('title: a')}`, 'yaml', 1, /directives are not allowed/],
  ['an alias without an anchor', spec('title: *there'), 'yaml', 6, /an alias names no anchor before it/],
  ['an alias of what it is in', spec('metadata: &m\n  me: [*m, *m]'), 'body', 1, /nested deeper than 100 levels/],
  [
    'anchors that grow without end',
    spec(`metadata:\n${BOMB.join('\n').replace(/^/gm, '  ')}`),
    'yaml',
    undefined,
    /anchors are used too often/,
  ],
  ['infinity', spec('metadata:\n  n: .inf'), 'yaml', 7, /a number must be finite/],
  [
    'what is nested without end',
    spec(`metadata: {a: ${'['.repeat(9_000)}`),
    'yaml',
    6,
    /nested deeper than 100 levels/,
  ],
  ['too long a text', spec(`title: a # ${'x'.repeat(131_072)}`), 'yaml', undefined, /at most 131072 characters/],
  [
    'too much through anchors',
    spec(`promptPreamble: &p ${'x'.repeat(99_000)}\nmetadata: {a: *p, b: *p, c: *p}`),
    'body',
    1,
    /at most 131072 char/,
  ],
  ['no object', '- a\n', 'body', 1, /^body must be object \(line 1\)$/],
  [
    'another version',
    spec('title: a').replace('/v1', '/v2'),
    'apiVersion',
    1,
    /^apiVersion must be "agentrun\/v1" \(line 1\)$/,
  ],
  ['another kind', spec('title: a').replace('AipodSpec', 'Pod'), 'kind', 2, /^kind must be "AipodSpec" \(line 2\)$/],
  ['no spec', HEAD, 'spec', 1, /^spec is required \(line 1\)$/],
  [
    'no name',
    spec('title: a').replace('name: x', 'labels: {}'),
    'metadata.name',
    3,
    /^metadata.name is required \(line 3\)$/,
  ],
  [
    'a name that is a path',
    spec('title: a').replace('name: x', 'name: a/b'),
    'metadata.name',
    4,
    /must match the pattern/,
  ],
  [
    'a label that is no text',
    spec('title: a').replace('name: x', 'name: x\n  labels: {a: 1}'),
    'metadata.labels.a',
    5,
    /must be string/,
  ],
  [
    'an unknown field at the top',
    `${spec('title: a')}status: {}\n`,
    'status',
    7,
    /^status is not a known field \(line 7\)$/,
  ],
  [
    'an unknown field',
    spec('title: a\nbackendprofile: exec'),
    'spec.backendprofile',
    7,
    /^spec.backendprofile is not a known field \(line 7\)$/,
  ],
  [
    'an unknown field of a policy',
    spec('executionPolicy:\n  network: true\n  timeout: 5'),
    'spec.executionPolicy.timeout',
    8,
    /not a known field/,
  ],
  [
    'a wrong type',
    spec('executionPolicy:\n  timeoutMs: "9000"'),
    'spec.executionPolicy.timeoutMs',
    7,
    /must be integer \(line 7\)$/,
  ],
  [
    'a number under its limit',
    spec('retryPolicy: {maxAttempts: 0}'),
    'spec.retryPolicy.maxAttempts',
    6,
    /must be >= 1/,
  ],
  ['an empty field', spec('workspaceRef:'), 'spec.workspaceRef', 6, /must be object/],
  [
    'a repository without its address',
    spec('workspaceRef:\n  kind: git'),
    'spec.workspaceRef.repoUrl',
    6,
    /is required/,
  ],
  [
    'credentials in an address',
    spec('workspaceRef:\n  kind: git\n  repoUrl: https://u:planted@h/x'),
    'spec.workspaceRef.repoUrl',
    8,
    /must not hold credentials/,
  ],
  ['a variable of ours', spec('env:\n  A: "1"\n  AGENTRUN_X: "1"'), 'spec.env.AGENTRUN_X', 8, /not a known field/],
  ['a variable that is no text', spec('env:\n  PORT: 80'), 'spec.env.PORT', 7, /must be string/],
  ['misspelled resources', spec('resources: {limit: {cpu: "1"}}'), 'spec.resources.limit', 6, /not a known field/],
  [
    'a credential twice',
    spec('toolCredentials: [github-ssh, github-ssh]'),
    'spec.toolCredentials',
    6,
    /must not have duplicate items/,
  ],
  [
    'an item that is no credential',
    spec('toolCredentials:\n- github-ssh\n- 7'),
    'spec.toolCredentials[1]',
    8,
    /must be one of github-ssh/,
  ],
  ['what cannot be stored', spec('env:\n  A: "x\\0"'), 'spec.env.A', 7, /U\+0000/],
];

describe('reading an aipod spec from YAML', () => {
  for (const [what, yaml, field, line, message] of REFUSED) {
    it(`refuses ${what}, and says where`, () => {
      const error = refusal({ yaml });
      assert.match(error.message, message);
      assert.deepEqual(
        [error.failureKind, error.details['field'], error.details['line']],
        ['schema-invalid', field, line],
      );
    });
  }

  it('repeats nothing of a text that it cannot read', () => {
    const planted = 'sk-planted';
    const texts = [
      `a: *${planted}`,
      `a: !${planted} x`,
      `%${planted} 1\n---\na: 1`,
      `"\\${planted}"`,
      `a: "${planted}`,
      `]${planted}`,
    ];
    for (const yaml of [...texts, spec(`title: {"${planted}": 1}`), spec(`retryPolicy: ${planted}`)]) {
      const { message, details } = refusal({ yaml });
      assert.ok(!JSON.stringify({ message, details }).includes(planted), message);
    }
  });

  it('reads comments, anchors and block texts as YAML means them, and keeps the text', () => {
    const yaml = spec('# why\nenv: &e {A: "1"}\nmetadata: {again: *e, on: yes}\npromptPreamble: |\n  one\n  two');
    const { document, source } = documentOfBody({ yaml });
    assert.equal(source, yaml);
    assert.deepEqual(document.spec, {
      env: { A: '1' },
      metadata: { again: { A: '1' }, on: 'yes' },
      promptPreamble: 'one\ntwo\n',
    });
  });

  it('reads JSON as the YAML that it is', () => {
    const document = { apiVersion: 'agentrun/v1', kind: 'AipodSpec', metadata: { name: 'x' }, spec: { title: 'a\tb' } };
    const read = readAipodText(JSON.stringify(document, null, '\t'));
    assert.deepEqual(read, { document });
  });

  it('is not ended by a text that is made to end it', () => {
    // An engine that runs out of stack within a regular expression ends the process, and no handler sees it.
    for (const part of ['[', '- ', '? ', '{a: ', 'a: ']) {
      const read = readAipodText(part.repeat(Math.floor(131_072 / part.length)));
      assert.ok('faults' in read && read.faults.length > 0);
    }
    const many = Array.from({ length: 1_000 }, (_, n) => `k${n}: 1`).join('\n');
    const read = readAipodText(spec(many));
    assert.equal('faults' in read && read.faults.length, 50);
  });

  it('fills in no defaults: what a spec does not say is left to others', () => {
    assert.deepEqual(documentOfBody({ yaml: spec('executionPolicy: {network: false}') }).document.spec, {
      executionPolicy: { network: false },
    });
  });

  it('finds all faults of a text, each with its line', () => {
    const read = readAipodText(spec('retryPolicy: {maxAttempts: 0}\ntitel: a\nexecutionPolicy:\n  sandbox: none'));
    assert.ok('faults' in read);
    assert.deepEqual(read.faults.map(({ field, line }) => `${field} ${line}`).sort(), [
      'spec.executionPolicy.sandbox 9',
      'spec.retryPolicy.maxAttempts 6',
      'spec.titel 7',
    ]);
  });
});

describe('reading an aipod spec from JSON', () => {
  const document = { apiVersion: 'agentrun/v1', kind: 'AipodSpec', metadata: { name: 'x' }, spec: {} };

  it('takes the document out of its body, without a source', () => {
    assert.deepEqual(documentOfBody({ ...document, idempotencyKey: 'k' } as never), { document, source: null });
  });

  it('names the field, and no line', () => {
    const workspaceRef = { kind: 'git', repoUrl: 'https://u:planted@h/x' };
    const { message, details } = refusal({ ...document, spec: { workspaceRef } });
    assert.deepEqual(details, { field: 'spec.workspaceRef.repoUrl' });
    assert.doesNotMatch(message, /planted/);
  });
});
