/** The configuration of a profile whose agent speaks the Agent Client Protocol, as it is read from its file. */
export interface AcpSettings {
  /** The agent's program and its arguments. The program is a name to look for, or an absolute path. */
  readonly command: readonly [string, ...string[]];
  /** What the agent gets of an environment besides the runner's; `{state}` and `{workspace}` in it stand for folders. */
  readonly env: Readonly<Record<string, string>>;
  /** The variable in which the agent finds the profile's API key; null where it needs none. */
  readonly apiKeyEnv: string | null;
  /** How the agent is told to authenticate, by its own id for it; null where it does so by itself. */
  readonly authMethod: string | null;
  /** The agent's own id of the mode in which it works; null leaves it as it is. */
  readonly mode: string | null;
  /** What the agent is said to be capable of, for who reads it before a run. A run goes by what the agent declares. */
  readonly capabilities: AcpCapabilities;
}

export interface AcpCapabilities {
  readonly steer: boolean;
  readonly resume: boolean;
  readonly usage: boolean;
}

/** What in the configuration is wrong. It repeats no value. */
export class AcpSettingsFault extends Error {
  override readonly name = 'AcpSettingsFault';

  constructor(
    /** Where, as `env.HOME`. */
    readonly path: readonly string[],
    /** Completes "<path> …". */
    readonly what: string,
  ) {
    super(what);
  }
}

type Table = Readonly<Record<string, unknown>>;

const KNOWN = ['command', 'env', 'api_key_env', 'auth_method', 'mode', 'capabilities'];
const CAPABILITIES = ['steer', 'resume', 'usage'];
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** @throws AcpSettingsFault */
export function readAcpSettings(file: Table): AcpSettings {
  refuseOthers(file, KNOWN, []);
  const env = envOf(file['env']);
  const apiKeyEnv = textAt(file, 'api_key_env');
  if (apiKeyEnv !== null && !VARIABLE.test(apiKeyEnv)) {
    throw new AcpSettingsFault(['api_key_env'], 'must be the name of an environment variable');
  }
  if (apiKeyEnv !== null && Object.hasOwn(env, apiKeyEnv)) {
    throw new AcpSettingsFault(
      ['env', apiKeyEnv],
      'is the variable that api_key_env names: the key is set in one place',
    );
  }
  return {
    command: commandOf(file['command']),
    env,
    apiKeyEnv,
    authMethod: textAt(file, 'auth_method'),
    mode: textAt(file, 'mode'),
    capabilities: capabilitiesOf(file['capabilities']),
  };
}

function commandOf(value: unknown): AcpSettings['command'] {
  const words = typeof value === 'string' ? wordsOf(value) : value;
  const [program, ...parameters] = Array.isArray(words) ? (words as unknown[]) : [];
  if (!isWord(program) || !parameters.every(isWord)) {
    const wanted = 'the program and its arguments, as in command = ["npx", "-y", "an-agent"]';
    throw new AcpSettingsFault(['command'], `must be ${wanted}`);
  }
  if (program.includes('/') && !program.startsWith('/')) {
    const why = 'a relative path would mean another program in each workspace';
    throw new AcpSettingsFault(['command'], `must begin with the name of a program, or its absolute path: ${why}`);
  }
  return [program, ...parameters];
}

function wordsOf(line: string): string[] {
  if (/["'\\$`]/.test(line)) {
    throw new AcpSettingsFault(['command'], 'is split at blanks and no shell reads it: give a list of strings instead');
  }
  return line.split(/\s+/).filter((word) => word !== '');
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

function envOf(value: unknown): Record<string, string> {
  const table = tableOf(value, 'env');
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]) => {
      if (!VARIABLE.test(name)) throw new AcpSettingsFault(['env', name], 'must be named as an environment variable');
      if (typeof entry === 'string' && !entry.includes('\0')) return [name, entry];
      throw new AcpSettingsFault(['env', name], 'must be a string');
    }),
  );
}

function capabilitiesOf(value: unknown): AcpCapabilities {
  const table = tableOf(value, 'capabilities');
  refuseOthers(table, CAPABILITIES, ['capabilities']);
  const [steer, resume, usage] = CAPABILITIES.map((name) => {
    const has = table[name] ?? false;
    if (typeof has !== 'boolean') throw new AcpSettingsFault(['capabilities', name], 'must be true or false');
    return has;
  });
  return { steer: steer ?? false, resume: resume ?? false, usage: usage ?? false };
}

function textAt(file: Table, name: string): string | null {
  const value = file[name];
  if (value === undefined) return null;
  if (typeof value === 'string' && value !== '') return value;
  throw new AcpSettingsFault([name], 'must be a string that is not empty');
}

function tableOf(value: unknown, name: string): Table {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)) {
    return value as Table;
  }
  throw new AcpSettingsFault([name], 'must be a table');
}

function refuseOthers(table: Table, known: readonly string[], path: readonly string[]): void {
  const other = Object.keys(table).find((name) => !known.includes(name));
  if (other !== undefined)
    throw new AcpSettingsFault([...path, other], `is not known here: known are ${known.join(', ')}`);
}
