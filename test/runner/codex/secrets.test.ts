import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CodexRunner, PROVIDER_KEY } from '../../support/codex-runner.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../../support/codex.js';
import { answer, shellCall, text } from '../../support/mock-provider/answers.js';
import { httpError } from '../../support/mock-provider/failures.js';
import { exitOf } from '../../support/runner-fixture.js';
import { filesOf, SecretHunt } from '../../support/secret-hunt.js';

const CONTROL = 'no-secret-5b1f7a90c3';

/** Looks where an agent could. In two halves, so that the search does not find itself. */
function search(secret: string, volumeDir: string): string {
  const [head, tail] = [secret.slice(0, 9), secret.slice(9)];
  return [
    `k=${head}; k="\${k}${tail}"`,
    'seen() { echo "seen in $1"; }',
    'env | grep -qF -e "$k" && seen env',
    'for f in /proc/[0-9]*/environ /proc/[0-9]*/cmdline; do grep -qaF -e "$k" "$f" 2>/dev/null && seen "$f"; done',
    `grep -rqaF -e "$k" "$CODEX_HOME" ${volumeDir} . && seen files`,
    `command -v python3 >/dev/null && python3 -c '${READ_MEMORY}' $PPID "$k"`,
    'echo searched',
  ].join('\n');
}

const READ_MEMORY = `
import sys
pid, key = sys.argv[1], sys.argv[2].encode()
memory = open("/proc/" + pid + "/mem", "rb", 0)
for line in open("/proc/" + pid + "/maps"):
    start, end = [int(part, 16) for part in line.split()[0].split("-")]
    if "r" not in line.split()[1] or end - start > 1 << 28: continue
    try:
        memory.seek(start)
        if key in memory.read(end - start): print("seen in memory")
    except (OSError, ValueError, OverflowError): pass
`;

describe("the provider's key of a run with codex", () => {
  let runner: CodexRunner;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    await codexForTests();
  });
  afterEach(() => runner.dispose());

  it('reaches the provider, and no environment, argument or file where the agent looks for it', async function () {
    this.timeout(60_000);
    runner = await CodexRunner.create((_, index) => {
      if (index > 1) return text('Looked.');
      const secret = index === 0 ? PROVIDER_KEY : CONTROL;
      return answer([shellCall(search(secret, runner.fixture.volumeDir), 30_000)]);
    });
    const { manager, provider, fixture } = runner;
    const turn = manager.add('turn', 'look around');
    const child = runner.spawn({ AGENTRUN_LOG_LEVEL: 'debug', AGENTRUN_AGENT_ENV_CONTROL: CONTROL });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await manager.ended(turn, 45_000);
    const [found, control] = [1, 2].map((index) => provider.conversation(index).at(-1) ?? '');
    assert.match(found ?? '', /searched/);
    assert.doesNotMatch(found ?? '', /seen in|grep:/);
    // The same search does find what is there.
    assert.match(control ?? '', /seen in env\n[^]*seen in \/proc\/\d+\/environ/);
    assert.equal(provider.requests[0]?.headers.authorization, `Bearer ${PROVIDER_KEY}`);
    child.kill('SIGTERM');
    await exitOf(child);
    const hunt = new SecretHunt(new Map([['key', PROVIDER_KEY]]));
    for await (const { path, content } of filesOf(fixture.volumeDir)) hunt.look(path, content);
    hunt.look('events', JSON.stringify(manager.events));
    hunt.look('log', said);
    assert.deepEqual(hunt.found(), { key: [] });
  });

  it('is in no file and no event after a provider has repeated it in a refusal', async () => {
    runner = await CodexRunner.create(() => httpError(401, { message: `no such key: ${PROVIDER_KEY}` }));
    const { manager, fixture } = runner;
    const turn = manager.add('turn', 'anyone?');
    void runner.start();
    await manager.ended(turn);
    assert.match(turn.failureMessage ?? '', /no such key: \*\*\*/);
    const hunt = new SecretHunt(
      new Map([
        ['key', PROVIDER_KEY],
        ['refusal', 'no such key'],
      ]),
    );
    for await (const { path, content } of filesOf(fixture.volumeDir)) hunt.look(path, content);
    hunt.look('events', JSON.stringify(manager.events));
    const { key, refusal } = hunt.found();
    assert.deepEqual(key, []);
    // Codex does keep what it was told.
    assert.ok(
      refusal?.some((place) => place !== 'events'),
      JSON.stringify(refusal),
    );
  });

  it('is in no file and no event after a provider has repeated it in an answer', async () => {
    runner = await CodexRunner.create(() => text(`You are called ${PROVIDER_KEY}.`));
    const { manager, fixture } = runner;
    const turn = manager.add('turn', 'who am I?');
    void runner.start();
    await manager.ended(turn);
    assert.match(JSON.stringify(manager.events), /You are called \*+\./);
    const hunt = new SecretHunt(new Map([['key', PROVIDER_KEY]]));
    for await (const { path, content } of filesOf(fixture.volumeDir)) hunt.look(path, content);
    hunt.look('events', JSON.stringify(manager.events));
    assert.deepEqual(hunt.found(), { key: [] });
  });

  it('is asked for where the profile has none, in words that name what to set', async () => {
    runner = await CodexRunner.create([]);
    const bundle = runner.fixture.secrets['provider-profile/codex'] ?? {};
    runner.fixture.secrets = { 'provider-profile/codex': { config: bundle['config'] ?? '' } };
    assert.equal(await runner.start(), 'start-failed');
    assert.equal(runner.manager.run.failureKind, 'backend-unauthorized');
    assert.match(runner.manager.run.failureMessage ?? '', /provider mock needs a key and the profile "codex" has none/);
  });

  it('lies beside a folder that nobody else may look into', async () => {
    runner = await CodexRunner.create([]);
    void runner.start();
    await runner.manager.until(() => runner.manager.phases().includes('thread/started'));
    const home = join(runner.fixture.volumeDir, '.agentrun', 'codex', 'state', 'home');
    const modes = await Promise.all([stat(home), stat(join(home, 'config.toml'))]);
    assert.deepEqual(
      modes.map(({ mode }) => mode & 0o777),
      [0o700, 0o600],
    );
  });
});
