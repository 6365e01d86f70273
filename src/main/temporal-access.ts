import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { ConfigurationError, type Settings } from '../config.js';
import { speaksTls } from '../config/temporal-settings.js';
import type { TemporalAccess } from '../temporal/connection.js';

type Tls = NonNullable<TemporalAccess['tls']>;
type FileVariable = Extract<keyof Settings, `AGENTRUN_TEMPORAL_${string}_FILE`>;

/**
 * How Temporal is spoken to, with the content of the files that the settings name. They are read at the start alone: what changes in
 * them counts from the next one.
 * @throws ConfigurationError that names the variable, and repeats nothing of a file.
 */
export async function readTemporalAccess(settings: Settings): Promise<TemporalAccess> {
  if (!speaksTls(settings)) return {};
  const [authorities, pair, apiKey] = await Promise.all([
    readAuthorities(settings),
    readPair(settings),
    readText(settings, 'AGENTRUN_TEMPORAL_API_KEY_FILE'),
  ]);
  const { AGENTRUN_TEMPORAL_TLS_SERVER_NAME: serverName } = settings;
  return {
    tls: {
      serverRootCACertificate: Buffer.from(authorities),
      ...(pair && { clientCertPair: pair }),
      ...(serverName !== undefined && { serverNameOverride: serverName }),
    },
    ...(apiKey !== undefined && { apiKey }),
  };
}

/** Node's own where none are named: the worker's native part would look for the machine's, and an image may have none. */
async function readAuthorities(settings: Settings): Promise<string> {
  const variable = 'AGENTRUN_TEMPORAL_TLS_CA_FILE';
  const text = await readText(settings, variable);
  if (text === undefined) return rootCertificates.join('\n');
  parsed(variable, 'a certificate', () => new X509Certificate(text));
  return text;
}

async function readPair(settings: Settings): Promise<Tls['clientCertPair']> {
  const [ofCertificate, ofKey] = ['AGENTRUN_TEMPORAL_TLS_CERT_FILE', 'AGENTRUN_TEMPORAL_TLS_KEY_FILE'] as const;
  const [crt, key] = await Promise.all([readText(settings, ofCertificate), readText(settings, ofKey)]);
  if (crt === undefined || key === undefined) return undefined;
  const certificate = parsed(ofCertificate, 'a certificate', () => new X509Certificate(crt));
  const privateKey = parsed(ofKey, 'a private key without a passphrase', () => createPrivateKey(key));
  if (certificate.checkPrivateKey(privateKey)) return { crt: Buffer.from(crt), key: Buffer.from(key) };
  throw new ConfigurationError(`${ofKey} is not the key of the certificate of ${ofCertificate}`);
}

function parsed<T>(variable: FileVariable, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new ConfigurationError(`${variable} names a file that does not hold ${what} (PEM)`);
  }
}

async function readText(settings: Settings, variable: FileVariable): Promise<string | undefined> {
  const path = settings[variable];
  if (path === undefined) return undefined;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(`${variable} is ${path}, which cannot be read (${code})`);
  });
  if (text.trim() !== '') return text.trim();
  throw new ConfigurationError(`${variable} is ${path}, which is empty`);
}
