/** What kinds of secrets an installation keeps: for its runners, and those that sign what is sent to webhooks. */
export const SECRET_KINDS = ['provider-profile', 'tool-credential', 'webhook'] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

/** Names a bundle of secret fields; no secret itself. */
export interface SecretRef {
  readonly kind: SecretKind;
  readonly name: string;
}

/** A bundle's fields by name; their values are secret. */
export type SecretFields = Readonly<Record<string, string>>;

/** What a runner is handed: the fields of each bundle, by the bundle's key. */
export type HandedSecrets = Readonly<Record<string, SecretFields>>;

/** `provider-profile/codex` */
export function secretKey({ kind, name }: SecretRef): string {
  return `${kind}/${name}`;
}
