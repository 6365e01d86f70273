import type { Place } from './place.js';

/** The same from a terminal. Pure. */
export interface CliCommand {
  readonly label: string;
  readonly command: string;
}

export function cliFor(place: Place): CliCommand[] {
  switch (place.page) {
    case 'session':
      return [
        { label: 'Chat in a terminal', command: `agentrun chat ${inShell(place.id)}` },
        { label: 'Follow', command: `agentrun session tail ${inShell(place.id)}` },
        { label: 'Show', command: `agentrun session show ${inShell(place.id)}` },
        { label: 'Cancel', command: `agentrun session cancel ${inShell(place.id)}` },
      ];
    case 'run':
      return [
        { label: 'Show', command: `agentrun run show ${place.id}` },
        { label: 'Why', command: `agentrun run explain ${place.id}` },
        { label: 'Follow', command: `agentrun run tail ${place.id}` },
        { label: 'Cancel', command: `agentrun run cancel ${place.id}` },
      ];
    case 'task':
      return [
        { label: 'Show', command: `agentrun task show ${place.id}` },
        { label: 'Watch', command: `agentrun task watch ${place.id}` },
        { label: 'Cancel', command: `agentrun task cancel ${place.id}` },
      ];
    case 'new-task':
      return [{ label: 'Create a task', command: 'agentrun task create "…" --dispatch' }];
    case 'queues':
      return [{ label: 'Queues', command: 'agentrun queue list' }];
    case 'profiles':
      return [{ label: 'Profiles', command: 'agentrun profile list' }];
    case 'status':
      return [{ label: 'Health', command: 'agentrun health' }];
    case 'inbox':
    case 'unknown':
      return [{ label: 'The board', command: 'agentrun board' }];
  }
}

function inShell(word: string): string {
  return /^[\w:/.@+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
