import { Type } from 'typebox';

/** How one setting is described; its schema checks it. */

export const URL_PATTERN = '^https?://';
export const DNS_LABEL = '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$';
export const HOUR_MS = 3_600_000;

export function text(description: string, options: { default?: string; pattern?: string } = {}) {
  return Type.String({ description, minLength: 1, ...options });
}

export function optionalText(description: string, options: { pattern?: string } = {}) {
  return Type.Optional(text(description, options));
}

export function count(description: string, options: { minimum: number; maximum: number; default: number }) {
  return Type.Integer({ description, ...options });
}
