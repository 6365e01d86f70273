import { hostname, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../scripts/project-root.js';
import { steadyTimes } from './steady-times.js';
import type { RecordedEnding } from './ending.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Machine {
  /** What must be left in no recording, besides names and folders of the machine itself. */
  readonly secrets: readonly string[];
  readonly dataDir: string;
}

/** The unique part of an id, and of whatever is derived from one. */
const ID = /(?<![0-9a-f])[0-9a-f]{32}/g;
const UUID = /(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])/g;

/**
 * A recording as JSON, with what differs from one recording to the next replaced by plain words of the same form: ids, times,
 * ports, paths, durations. @throws where something of the machine or a secret is left in it
 */
export function scrubbedFacts(recorded: RecordedEnding, { secrets, dataDir }: Machine): string {
  const steady = steadyTimes(JSON.parse(JSON.stringify(recorded)) as Json);
  const placed = JSON.stringify(steady, null, 1).replaceAll(dataDir, '/data');
  const numbered = renumbered(placed);
  const text = `${PLAIN.reduce((rest, [pattern, plain]) => rest.replace(pattern, plain), numbered)}\n`;
  const words = [hostname(), homedir(), join(tmpdir(), 'agentrun'), projectRoot, ...secrets];
  const left = words.filter((word) => text.includes(word));
  if (left.length > 0) throw new Error(`the recording still holds ${left.join(', ')}`);
  return text;
}

/** The same thing has the same name throughout; names are given in the order of appearance. */
function renumbered(text: string): string {
  const ids = new Map<string, string>();
  const uuids = new Map<string, string>();
  return text
    .replace(UUID, (uuid) => nameOf(uuids, uuid, (index) => `00000000-0000-7000-8000-${pad(index, 12)}`))
    .replace(ID, (id) => nameOf(ids, id, (index) => pad(index, 10)));
}

function nameOf(names: Map<string, string>, found: string, make: (index: number) => string): string {
  const name = names.get(found) ?? make(names.size + 1);
  names.set(found, name);
  return name;
}

function pad(index: number, length: number): string {
  return String(index).padStart(length, '0');
}

/** What is left: ports, folders, the time of day, durations that a machine measured. */
const PLAIN: readonly [RegExp, string][] = [
  [/\/data\/volumes\/[^/"\\]+/g, '/data/volumes/recorded'],
  [/try again at \d+:\d+ [AP]M/g, 'try again at 3:00 PM'],
  [/127\.0\.0\.1:\d{4,5}/g, '127.0.0.1:4010'],
  [/"durationMs": \d+/g, '"durationMs": 100'],
];
