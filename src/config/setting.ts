import { Type } from 'typebox';

/** How one setting is described; its schema checks it. */

export const URL_PATTERN = '^https?://';
export const DNS_LABEL = '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$';
/**
 * For a validator of schemas of ours: they are constant, and a test holds them against JSON Schema's own schema, so no start pays
 * for it (three quarters of what reading the settings takes).
 */
export const KNOWN_SCHEMA = { meta: false, validateSchema: false } as const;
export const HOUR_MS = 3_600_000;

export function text(description: string, options: { default?: string; pattern?: string; maxLength?: number } = {}) {
  return Type.String({ description, minLength: 1, ...options });
}

export function optionalText(description: string, options: { pattern?: string; maxLength?: number } = {}) {
  return Type.Optional(text(description, options));
}

export function count(description: string, options: { minimum: number; maximum: number; default: number }) {
  return Type.Integer({ description, ...options });
}

/** Entries of a setting that is a list, comma-separated. */
export function listed(value: string | undefined): string[] {
  const entries = (value ?? '').split(',').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '');
}
