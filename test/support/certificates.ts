import { execa } from 'execa';
import { join } from 'node:path';

/** Where a certificate and its private key are, as PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** An authority that nobody knows, in a folder of its test's. */
export async function makeAuthority(folder: string, name: string): Promise<CertificateFiles> {
  return make(folder, name, []);
}

/** A certificate of that authority, good for the host of that name, and for a client of it. */
export async function issueCertificate(
  folder: string,
  authority: CertificateFiles,
  host: string,
): Promise<CertificateFiles> {
  const name = `${host}-${(issued += 1)}`;
  return make(folder, name, [
    ...['-CA', authority.cert, '-CAkey', authority.key, '-addext', `subjectAltName=DNS:${host}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  ]);
}

let issued = 0;

async function make(folder: string, name: string, more: readonly string[]): Promise<CertificateFiles> {
  const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2', '-subj', `/CN=${name}`];
  await execa('openssl', ['req', '-x509', ...kind, '-keyout', files.key, '-out', files.cert, ...more]);
  return files;
}
