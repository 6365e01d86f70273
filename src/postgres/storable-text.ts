const UNSTORABLE = /[\0\p{Cs}]/u;

/** PostgreSQL's text can hold neither U+0000 nor half a surrogate pair, which JSON can. (In `json` columns they stay, escaped.) */
export function storableText(text: string): string {
  return UNSTORABLE.test(text) ? text.replaceAll(/[\0\p{Cs}]/gu, '\uFFFD') : text;
}
