import { text } from '../mock-provider/answers.js';
import {
  aClosedPort,
  cutStream,
  hangs,
  httpError,
  overloaded,
  responseFailed,
  usageLimitReached,
} from '../mock-provider/failures.js';
import type { Reply } from '../mock-provider/reply.js';
import type { Ending } from './ending.js';
import { PROVIDER_KEY } from './ending-stage.js';

/** A run of one turn of codex to each of whose requests the provider gives this answer. */
function provider(what: string, reply: Reply): Ending {
  return {
    what,
    async play(stage) {
      const { run } = await stage.codexRun(() => reply);
      return stage.ended(run);
    },
  };
}

/** Ends that the model provider makes. */
export const providerEndings: Record<string, Ending> = {
  completed: provider('codex answers', text('Hello there.', { input: 130, output: 7 })),

  // As unkind providers do, it says the key back.
  'provider-401': provider(
    'the provider refuses the credential (401)',
    httpError(401, { message: `Incorrect API key provided: ${PROVIDER_KEY}`, code: 'invalid_api_key' }),
  ),
  'provider-401-open': {
    what: 'the provider refuses the credential (401), in a run that stays open: its turn',
    async play(stage) {
      const { run, turn } = await stage.codexRun(() => httpError(401), { endsWithTurn: false });
      await stage.commandEnded(turn);
      const facts = await stage.facts(run, turn);
      await stage.cancel(run);
      return facts;
    },
  },
  'provider-403': provider(
    'the provider forbids it (403)',
    httpError(403, { message: 'Your project has no access to the model mock-model' }),
  ),
  'provider-429': provider(
    'the provider limits the rate (429)',
    httpError(429, { code: 'rate_limit_exceeded', message: 'Rate limit reached for requests' }),
  ),
  'provider-usage-limit': provider("the account's usage limit is reached", usageLimitReached()),
  'provider-500': provider('the provider fails (500)', httpError(500, { message: 'The server had an error' })),
  'provider-overloaded': provider('the provider is overloaded (503)', overloaded()),
  'provider-refuses-connection': {
    what: 'nobody listens at the provider',
    async play(stage) {
      const { run } = await stage.codexRun([], { profile: { base_url: await aClosedPort() } });
      return stage.ended(run);
    },
  },
  'provider-no-headers': {
    what: 'the provider takes the request and never answers',
    async play(stage) {
      const { run } = await stage.codexRun(() => hangs(), { profile: { stream_idle_timeout_ms: 1_000 } });
      return stage.ended(run);
    },
  },
  'provider-cut-stream': provider("the provider's stream breaks off", cutStream()),
  'provider-recovered': {
    what: 'codex answers after a stream that broke off',
    async play(stage) {
      const { run } = await stage.codexRun([cutStream(), text('Hello again.')]);
      return stage.ended(run);
    },
  },
  'context-overflow': provider(
    'the conversation is too long for the model',
    responseFailed('context_length_exceeded', 'Your input exceeds the context window of this model.'),
  ),
  'request-refused': provider('the provider refuses the request (400)', httpError(400, { message: 'no such thing' })),
  'no-credential': {
    what: 'the profile has no credential',
    async play(stage) {
      const { run } = await stage.codexRun([], { apiKey: null });
      return stage.ended(run);
    },
  },
};
