/**
 * Which images runner Jobs may have whoever asks for them. An entry is an image as it is written, or what its name begins with and `*`: a
 * repository (`registry.example.com/team/*`), the tags of one image (`…/agent:*`), or its digests (`…/agent@*`). It cannot end within a
 * name, so that no other registry or repository begins as it does. Pure.
 */
export function allowedImages(entries: readonly string[]): (image: string) => boolean {
  const exact = new Set(entries.filter((entry) => !entry.endsWith('*')));
  const beginnings = entries.filter((entry) => entry.endsWith('*')).map((entry) => entry.slice(0, -1));
  return (image) => exact.has(image) || beginnings.some((beginning) => image.startsWith(beginning));
}

/** Whether `allowedImages` takes it. A beginning has a `/`: before it, a tag looks like a registry's port. */
export function isImageEntry(entry: string): boolean {
  return /^[^\s,*]+$/.test(entry) || /^[^\s,*]*[^\s,*/]\/([^\s,*]*[/:@])?\*$/.test(entry);
}
