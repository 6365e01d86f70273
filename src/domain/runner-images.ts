/**
 * Whether it is an entry of the list of images that runner Jobs may have whoever asks for them: an image as it is written, or what its name
 * begins with and `*`: a repository (`registry.example.com/team/*`), the tags of one image (`…/agent:*`), or its digests (`…/agent@*`). It
 * cannot end within a name, so that no other registry or repository begins as it does. A beginning has a `/`: before it, a tag looks like a
 * registry's port. Pure.
 */
export function isImageEntry(entry: string): boolean {
  return /^[^\s,*]+$/.test(entry) || /^[^\s,*]*[^\s,*/]\/([^\s,*]*[/:@])?\*$/.test(entry);
}
