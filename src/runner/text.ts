/** Where to cut so that no more than `length` UTF-16 units stay and no character is cut in two. */
export function wholeLength(text: string, length: number): number {
  if (length >= text.length) return text.length;
  const last = text.charCodeAt(length - 1);
  const isHighSurrogate = last >= 0xd800 && last <= 0xdbff;
  return isHighSurrogate && length > 1 ? length - 1 : length;
}

export function cut(text: string, length: number): string {
  return text.slice(0, wholeLength(text, length));
}

/** Without what no database text can hold: U+0000 and halves of surrogate pairs become U+FFFD. */
export function storable(text: string): string {
  return text.replace(/[\0\p{Cs}]/gu, '\uFFFD');
}
