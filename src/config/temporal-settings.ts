import { Type, type Static } from 'typebox';
import { ConfigurationError } from './configuration-error.js';
import { optionalText, count, text, URL_PATTERN } from './setting.js';

const FILE = { pattern: '^/' };

/** Where Temporal is, and how it is spoken to; files are read where it is connected. */
export const TEMPORAL_SETTINGS = {
  AGENTRUN_TEMPORAL_ADDRESS: optionalText('A Temporal of yours (host:port) instead of the embedded one', {
    pattern: '^[^/\\s]+:\\d+$',
  }),
  AGENTRUN_TEMPORAL_NAMESPACE: text('Temporal namespace', { default: 'default' }),
  AGENTRUN_TEMPORAL_TLS: Type.Optional(
    Type.Enum(['true', 'false'] as const, {
      description:
        'Whether Temporal is spoken to by TLS: where one of the settings below is given, it is. Its certificate must be from an authority of the public ones that Node brings, or of AGENTRUN_TEMPORAL_TLS_CA_FILE',
    }),
  ),
  AGENTRUN_TEMPORAL_TLS_CA_FILE: optionalText("Authorities of Temporal's certificate, and no others: a PEM file", FILE),
  AGENTRUN_TEMPORAL_TLS_CERT_FILE: optionalText(
    'Certificate that this manager shows to Temporal, with those between it and its authority: a PEM file',
    FILE,
  ),
  AGENTRUN_TEMPORAL_TLS_KEY_FILE: optionalText('Private key of that certificate: a PEM file', FILE),
  AGENTRUN_TEMPORAL_TLS_SERVER_NAME: optionalText("Name in Temporal's certificate; that of its address when absent", {
    pattern: '^[^/\\s:]+$',
  }),
  AGENTRUN_TEMPORAL_API_KEY_FILE: optionalText(
    'A file that holds the API key that each call to Temporal carries',
    FILE,
  ),
  AGENTRUN_TEMPORAL_UI_PORT: count('Port of the embedded Temporal UI; 0 takes a free one', {
    minimum: 0,
    maximum: 65_535,
    default: 0,
  }),
  AGENTRUN_TEMPORAL_UI_URL: optionalText(
    "Address of your Temporal's web interface, for links to it; the embedded one is known",
    { pattern: URL_PATTERN },
  ),
};

type TemporalVariables = Static<Type.TObject<typeof TEMPORAL_SETTINGS>>;

const BY_TLS = [
  'AGENTRUN_TEMPORAL_TLS_CA_FILE',
  'AGENTRUN_TEMPORAL_TLS_CERT_FILE',
  'AGENTRUN_TEMPORAL_TLS_KEY_FILE',
  'AGENTRUN_TEMPORAL_TLS_SERVER_NAME',
  'AGENTRUN_TEMPORAL_API_KEY_FILE',
] as const satisfies readonly (keyof TemporalVariables)[];

/** Whether Temporal is spoken to by TLS. @throws ConfigurationError that names the variable. */
export function speaksTls(settings: TemporalVariables): boolean {
  const { AGENTRUN_TEMPORAL_TLS: said, AGENTRUN_TEMPORAL_ADDRESS: address } = settings;
  assertPair(settings);
  const given = BY_TLS.find((name) => settings[name] !== undefined);
  if (said === 'false' && given !== undefined) {
    throw new ConfigurationError(`${given} needs TLS, but AGENTRUN_TEMPORAL_TLS is false`);
  }
  if (said !== 'true' && given === undefined) return false;
  if (address !== undefined) return true;
  throw new ConfigurationError(
    `AGENTRUN_TEMPORAL_ADDRESS is not set: ${given ?? 'AGENTRUN_TEMPORAL_TLS'} is for a Temporal of yours, the embedded one speaks no TLS`,
  );
}

function assertPair(settings: TemporalVariables): void {
  const { AGENTRUN_TEMPORAL_TLS_CERT_FILE: certificate, AGENTRUN_TEMPORAL_TLS_KEY_FILE: key } = settings;
  if ((certificate === undefined) === (key === undefined)) return;
  const [absent, given] = key === undefined ? ['KEY', 'CERT'] : ['CERT', 'KEY'];
  throw new ConfigurationError(
    `AGENTRUN_TEMPORAL_TLS_${absent}_FILE is not set: AGENTRUN_TEMPORAL_TLS_${given}_FILE says nothing without it`,
  );
}
