/** The text, or its beginning with a word on how much is missing and how to get it. Lengths in characters. */
export function cutText(text: string, max: number, toGetMore: string): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max)}… (${text.length - max} characters more: ${toGetMore})`;
}
