/**
 * What a secret looks like, by its name or by itself. When in doubt, it is one: what is hidden can be looked up where it came from.
 * A form begins where a word does and looks a bounded way ahead, so that no text takes long.
 */

export const REDACTED = '[redacted]';

const SECRET_WORDS = new Set(
  (
    'token key keys secret password passwd passphrase pass pwd authorization auth bearer cookie cookies credential ' +
    'credentials private apikey signature sig pin otp jwt pem dsn'
  ).split(' '),
);
const SECRET_PART = /token|secret|passw|api[_-]?key|access[_-]?key|credential|authori[sz]ation|bearer|cookie/i;

/** Forms that providers give to what they hand out. */
const SECRET_FORMS = [
  /\bsk-[A-Za-z0-9_-]{6,}/,
  /\bgh[oprsu]_[A-Za-z0-9]{8,}/,
  /\bgithub_pat_|\bglpat-|\bxox[abeprs]-/,
  /\bAKIA[0-9A-Z]{12,}|\bAIza[0-9A-Za-z_-]{20,}/,
  /\beyJ[A-Za-z0-9_-]{8,2000}\./,
  /-----BEGIN /,
  /\b(bearer|basic)\s+\S{6,}/i,
];
/** As long and, with digits among letters, as mixed as only a machine writes. */
const LONG_RUN = /[A-Za-z0-9+_=-]{32,}/g;
const ASSIGNMENT = /(?<![A-Za-z0-9_.-])([A-Za-z0-9_.-]+)["']?\s*[=:]\s*["']?[^\s"'&#;]/g;

/** `api_key`, `API-Token`, `clientSecret`, `pwd` … */
export function isSecretName(name: string): boolean {
  if (SECRET_PART.test(name)) return true;
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').split(/[^A-Za-z0-9]+/);
  return words.some((word) => SECRET_WORDS.has(word.toLowerCase()));
}

/** A text that is a secret, or holds one: `sk-…`, `Bearer …`, `--api-key=…`. */
export function looksSecret(text: string): boolean {
  return SECRET_FORMS.some((form) => form.test(text)) || hasMachineRun(text) || hasAssignment(text);
}

/** `https://user:password@host/?key=…` with what is secret in it hidden; everything else as it was. */
export function redactUrls(text: string): string {
  if (!text.includes(':/')) return text;
  return text
    .replaceAll(/(?<![a-z0-9+.-])([a-z0-9+.-]+:\/+)[^\s"'<>]{0,4096}@/gi, `$1${REDACTED}@`)
    .replaceAll(/([?&;#])([^=?&;#\s"']+)=([^&;#\s"']+)/g, (whole, mark: string, name: string) =>
      isSecretName(decoded(name)) ? `${mark}${name}=${REDACTED}` : whole,
    );
}

function hasMachineRun(text: string): boolean {
  return (text.match(LONG_RUN) ?? []).some((run) => /[A-Za-z]/.test(run) && /\d/.test(run));
}

function hasAssignment(text: string): boolean {
  return [...text.matchAll(ASSIGNMENT)].some(([, name = '']) => isSecretName(name));
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
