import { Type, type Static } from 'typebox';
import { ConfigurationError } from './configuration-error.js';
import { optionalText } from './setting.js';

/** Whether what Temporal keeps can be read there. */
export const PAYLOAD_SETTINGS = {
  AGENTRUN_PAYLOAD_KEYS: optionalText(
    'Keys that encrypt what Temporal keeps: name:key, comma-separated, each key at least 32 characters; the first encrypts, all decrypt. Nothing is encrypted when absent',
  ),
  AGENTRUN_PAYLOAD_ENCRYPTION: Type.Enum(['on', 'decrypt-only'] as const, {
    description: 'With keys: whether what is new is encrypted, or only what is encrypted already can be read',
    default: 'on',
  }),
};

type PayloadVariables = Static<Type.TObject<typeof PAYLOAD_SETTINGS>>;

export interface PayloadKeys {
  /** By name; the keys as they were given. */
  readonly keys: ReadonlyMap<string, string>;
  /** The name of the one that encrypts; undefined: what is new stays clear. */
  readonly encryptWith: string | undefined;
}

const ENTRY = /^([a-z0-9][a-z0-9._-]{0,31}):(\S{32,})$/;

/** Undefined where there are none. Messages never repeat a key. @throws ConfigurationError that names the variable. */
export function readPayloadKeys(settings: PayloadVariables): PayloadKeys | undefined {
  const { AGENTRUN_PAYLOAD_KEYS: given, AGENTRUN_PAYLOAD_ENCRYPTION: encryption } = settings;
  if (given === undefined) return undefined;
  const entries = given.split(',').map((entry, index) => entryOf(entry.trim(), index + 1));
  const keys = new Map(entries);
  if (keys.size < entries.length) throw new ConfigurationError('AGENTRUN_PAYLOAD_KEYS has one name twice');
  return { keys, encryptWith: encryption === 'on' ? entries[0]?.[0] : undefined };
}

function entryOf(entry: string, place: number): [name: string, key: string] {
  const [, name, key] = ENTRY.exec(entry) ?? [];
  if (name !== undefined && key !== undefined) return [name, key];
  throw new ConfigurationError(
    `AGENTRUN_PAYLOAD_KEYS: entry ${place} must be name:key, the name of a-z, 0-9, . _ -, the key of at least 32 characters`,
  );
}
