import { fitTo, textWidth } from './terminal/text-width.js';

/** A sentence on so many lines at most; the rest of one that needs more is cut. Pure. */
export function wrapWords(text: string, columns: number, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || textWidth(longer) <= columns || lines.length === most - 1) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].filter((one) => one !== '').map((one) => fitTo(one, columns));
}
