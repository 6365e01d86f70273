import assert from 'node:assert/strict';
import { AGENT_KEY, AcpRunner } from '../../support/acp-runner.js';

describe('a turn of an ACP agent that fails', () => {
  let runner: AcpRunner;

  beforeEach(async () => {
    runner = await AcpRunner.create();
  });
  afterEach(() => runner.dispose());

  const CASES: readonly [string, string, RegExp][] = [
    ['stop max_tokens', 'context-overflow', /limit of tokens/],
    ['stop max_turn_requests', 'budget-exceeded', /number of model requests/],
    ['stop refusal', 'backend-failed', /refused to go on/],
    ['stop cancelled', 'backend-failed', /broke the turn off without being asked/],
    ['fail {"code":-32000}', 'backend-unauthorized', /^Refused$/],
    ['fail {"code":-32603,"data":{"details":"no luck"}}', 'backend-failed', /^Refused: no luck$/],
    ['fail {"code":-32603,"data":{"status":429,"message":"slow down"}}', 'provider-rate-limited', /slow down/],
    ['fail {"code":-32603,"data":{"statusCode":503}}', 'provider-unavailable', /^Refused$/],
    ['break the provider refused', 'backend-failed', /^the provider refused$/],
  ];
  for (const [prompt, failureKind, message] of CASES) {
    it(`ends as ${failureKind}: ${prompt}`, async () => {
      const turn = await runner.turn(prompt);
      assert.deepEqual([turn.terminalStatus, turn.failureKind], ['failed', failureKind]);
      assert.match(turn.failureMessage ?? '', message);
      const errors = runner.payloads('error', turn).map((payload) => [payload.failureKind, payload.message]);
      assert.deepEqual(errors, [[failureKind, turn.failureMessage]]);
    });
  }

  it('says how the agent died, with its last words and without its key, and the next turn has a new one', async () => {
    runner.configure({ load: true });
    const turn = await runner.turn('crash');
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['failed', 'backend-failed']);
    assert.equal(turn.failureMessage, 'the agent ended with 7: panic: the key is ***');
    assert.deepEqual(runner.said(turn), []);
    const cut = runner.payloads('assistant_message', turn).at(-1);
    assert.deepEqual([cut?.text, cut?.status], ['I am about to ', 'cancelled']);
    const next = runner.manager.add('turn', 'say back again');
    await runner.manager.ended(next);
    assert.deepEqual(runner.said(next), ['back again']);
    assert.doesNotMatch(JSON.stringify(runner.manager.events), new RegExp(AGENT_KEY));
  });

  it('ends an agent that says more at once than anybody can take, and the next turn has a new one', async function () {
    this.timeout(90_000);
    runner.configure({ load: true });
    const turn = await runner.turn('roar 33', 50_000);
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['failed', 'backend-failed']);
    assert.equal(turn.failureMessage, 'the agent sent a message of more than 32 MiB, and was ended for it');
    const next = runner.manager.add('turn', 'say back again');
    await runner.manager.ended(next, 30_000);
    assert.deepEqual(runner.said(next), ['back again']);
  });

  it('ends an agent that lives on and cannot be heard any more', async () => {
    const turn = await runner.turn('mute');
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['failed', 'backend-failed']);
    assert.match(turn.failureMessage ?? '', /the connection to the agent broke off|the agent was ended by SIGKILL/);
    assert.equal(runner.payloads('error', turn).length, 1);
  });
});

describe('an ACP agent that does not start', () => {
  let runner: AcpRunner;

  beforeEach(async () => {
    runner = await AcpRunner.create();
  });
  afterEach(() => runner.dispose());

  const failsWith = async (failureKind: string, message: RegExp) => {
    runner.manager.add('turn', 'say hello');
    assert.equal(await runner.fixture.start(), 'start-failed');
    assert.equal(runner.manager.run.failureKind, failureKind, runner.manager.run.failureMessage ?? '');
    assert.match(runner.manager.run.failureMessage ?? '', message);
  };

  it('fails the run where there is no such program', async () => {
    runner.configureWith({ command: ['no-such-agent'] });
    await failsWith('runner-start-failed', /could not be started: spawn no-such-agent ENOENT/);
  });

  it('fails the run with what the program said when it ended', async () => {
    runner.configureWith({ command: ['/bin/sh', '-c', 'echo "no license" >&2; exit 4'] });
    await failsWith('runner-start-failed', /^the agent ended with 4: no license$/);
  });

  it('fails the run where the program speaks something else', async () => {
    runner.configureWith({ command: ['/bin/cat'] });
    await failsWith('runner-start-failed', /Method not found/);
  });

  it('fails the run where it speaks another version', async () => {
    runner.configure({ version: 2 });
    await failsWith('runner-start-failed', /speaks version 2 of the protocol, and this runner 1/);
  });

  it('fails the run where it wants to be authenticated, and says how it could be', async () => {
    runner.configure({ needsLogin: true });
    await failsWith('backend-unauthorized', /auth_method in the profile's config may be: key \(A key\)/);
  });

  it('fails the run where it has no such way to authenticate, or no such mode', async () => {
    runner.configure({ needsLogin: true }, { auth_method: 'badge' });
    await failsWith('backend-unauthorized', /no way to authenticate that is called badge; it has: key/);
    await runner.dispose();
    runner = await AcpRunner.create();
    runner.configure({ modes: true }, { mode: 'reckless' });
    await failsWith('runner-start-failed', /has no mode reckless; it has: careful, bold/);
  });

  it('fails the run where its key is not set', async () => {
    runner.configureWith({ command: [process.execPath], api_key_env: 'AGENT_KEY' });
    await failsWith('backend-unauthorized', /takes a key from AGENT_KEY and the profile "acp" has none/);
  });

  it('fails the run where its config is none', async () => {
    runner.configureWith({ command: ['x'], colour: 'red' });
    await failsWith('runner-start-failed', /the config of the profile "acp": colour is not known here/);
  });
});
