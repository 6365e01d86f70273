/** The kubelet's answer in place of a log, as a success: the container is removed already. */
const NO_LOG = /^unable to retrieve container logs for \S+\s*$/;

/** Pure: the end of a log, from the start of a line where it is cut; empty where there is none. */
export function logTail(text: string, maxBytes: number): string {
  if (NO_LOG.test(text)) return '';
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  const end = bytes.subarray(bytes.length - maxBytes).toString('utf8');
  return end.slice(end.indexOf('\n') + 1);
}
