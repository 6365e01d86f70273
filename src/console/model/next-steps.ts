import type { ActionDescriptor } from '../../client/index.js';
import type { NextAction } from '../../domain/next-actions.js';
import type { Place } from './place.js';

/** What a page offers for an action that the manager named. */
export type NextStep =
  /** Asked of the manager at once. */
  | { readonly does: 'start-runner' | 'finish-run' | 'dispatch-task'; readonly label: string; readonly of: string }
  /** Asks what to say, and with which rights, before anything is started. */
  | { readonly does: 'start-again'; readonly label: string; readonly as: StartAgain }
  | { readonly does: 'new-session'; readonly label: string }
  /** To where words can be said: a session's page, or the field of this one. */
  | { readonly does: 'say'; readonly label: string }
  | { readonly does: 'go'; readonly label: string; readonly place: Place }
  /** Nothing that a browser can do: what has to be changed, in words. */
  | { readonly does: 'by-hand'; readonly label: string };

/** What is different in the next try. */
export type StartAgain = 'the-same' | 'with-an-answer' | 'allowed-more' | 'with-more-time';

type Make = (action: ActionDescriptor) => NextStep | undefined;

const PROFILES: Place = { page: 'profiles' };

const say = (label: string): Make => {
  return ({ resourceKind, sessionId }) => {
    if (resourceKind !== 'session' || sessionId === null) return { does: 'say', label };
    return { does: 'go', label, place: { page: 'session', id: sessionId, at: null } };
  };
};
const toProfiles = (label: string): Make => {
  return () => ({ does: 'go', label, place: PROFILES });
};
const byHand: Make = ({ action, reasonHint }) => {
  return { does: 'by-hand', label: [action.replaceAll('-', ' '), reasonHint].filter(Boolean).join(': ') };
};

/** Of the others there is a button already, or they are what the page shows. */
const STEPS: Partial<Record<NextAction, Make>> = {
  'start-runner': ({ runId }) => ({ does: 'start-runner', label: 'Start a runner', of: runId ?? '' }),
  'finish-run': ({ runId }) => ({ does: 'finish-run', label: 'Finish the run', of: runId ?? '' }),
  'dispatch-task': ({ resourceName }) => ({ does: 'dispatch-task', label: 'Try again', of: resourceName ?? '' }),
  'create-run': () => ({ does: 'start-again', label: 'Start it again…', as: 'the-same' }),
  'allow-input': () => ({ does: 'start-again', label: 'Allow it…', as: 'allowed-more' }),
  'raise-limit': () => ({ does: 'start-again', label: 'Start it with more time…', as: 'with-more-time' }),
  'create-session': () => ({ does: 'new-session', label: 'Begin a new session' }),
  'answer-input': (action) =>
    action.resourceKind === 'run'
      ? { does: 'start-again', label: 'Start it with an answer…', as: 'with-an-answer' }
      : say('Answer')(action),
  'send-turn': say('Say what comes next'),
  'send-session': say('Go on in its session'),
  'set-credential': toProfiles('Set the credential'),
  'set-config': toProfiles('Look at the profile'),
  'validate-profile': toProfiles('Try the profile'),
  'correct-image': byHand,
  'correct-runner-settings': byHand,
  'inspect-node': byHand,
  'inspect-deletion': byHand,
  'raise-memory': byHand,
  'raise-requests': byHand,
  'lower-requests': byHand,
  'raise-priority': byHand,
  'raise-deadline': byHand,
  'raise-quota': byHand,
};

/** What can be done next from here, the likeliest first. Pure. */
export function nextSteps(actions: readonly ActionDescriptor[]): NextStep[] {
  const steps = actions.flatMap((action) => STEPS[action.action]?.(action) ?? []);
  return steps.filter((step, index) => steps.findIndex((other) => sameStep(step, other)) === index);
}

function sameStep(one: NextStep, other: NextStep): boolean {
  if (one.does === 'go' && other.does === 'go') return one.place.page === other.place.page;
  // There is one field to say something in.
  if (one.does === 'say' && other.does === 'say') return true;
  return one.does === other.does && one.label === other.label;
}

/** An agent asks, or something has to be mended before it is tried again: everything else goes on by itself, or is over. */
export function isWaitingForSomebody(actions: readonly ActionDescriptor[]): boolean {
  return actions.some(({ action }) => FOR_SOMEBODY.includes(action));
}

const FOR_SOMEBODY: readonly NextAction[] = [
  'allow-input',
  'answer-input',
  'set-credential',
  'set-config',
  'raise-limit',
  'create-session',
];
