import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CommandRecord } from '../../client/index.js';
import { useConsole } from '../api/console-context.js';
import type { Conversation } from '../api/conversation.js';
import { useKeys } from '../api/use-keys.js';
import type { EventRef } from '../model/place.js';
import { plural } from '../model/times.js';
import { Composer, type ComposerMode } from './composer.js';
import { DeliveryChip, isOver } from './delivery-chip.js';
import { TranscriptView } from './transcript-view.js';

interface ConversationViewProps {
  readonly conversation: Conversation;
  readonly ofRun: boolean;
  readonly at: EventRef | null;
  /** Of the live run, or the last one: what was said to it by whomever. */
  readonly commands: readonly CommandRecord[];
  /** Null where nothing can be said any more. */
  readonly mode: ComposerMode | null;
  /** The end has been looked at, by somebody who is there. */
  readonly onRead: () => void;
}

const SPEAK_MS = 5_000;

/** The transcript, what waits to be delivered, and where to say more. */
export function ConversationView({ conversation, ofRun, at, commands, mode, onRead }: ConversationViewProps) {
  const { client } = useConsole();
  const field = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft] = useState('');
  const steerTexts = useMemo(() => textsOf(commands), [commands]);
  const texts = new Map([
    ...steerTexts,
    ...conversation.outgoing.flatMap(({ sent, text }) =>
      sent.state === 'accepted' ? [[sent.commandId, text] as const] : [],
    ),
  ]);
  useKeys({ s: mode === null ? undefined : () => field.current?.focus() });
  useAnnouncements(conversation);
  const ours = new Set(conversation.outgoing.map(({ sent }) => (sent.state === 'accepted' ? sent.commandId : '')));
  const others = commands.filter(
    ({ id, state, type }) =>
      state === 'pending' && type !== 'interrupt' && !ours.has(id) && !conversation.proofs.isSettled(id),
  );
  const remove = (commandId: string) =>
    void client.runs
      .cancelCommand(commandId, 'removed in the console')
      .catch(() => undefined)
      .then(() => conversation.nudge());
  const edit = (commandId: string) => {
    setDraft(texts.get(commandId) ?? '');
    remove(commandId);
    field.current?.focus();
  };
  const onEndSeen = (isSeen: boolean) => {
    if (isSeen && document.hasFocus() && document.visibilityState === 'visible') onRead();
  };
  return (
    <div class="conversation">
      <TranscriptView conversation={conversation} ofRun={ofRun} at={at} steerTexts={texts} onEndSeen={onEndSeen} />
      <ul class="deliveries" aria-label="What was said from here">
        {others.map(({ id, type }) => (
          <DeliveryChip
            key={id}
            text={texts.get(id) ?? ''}
            delivery={{ state: 'queued', decision: type === 'steer' ? 'steer' : 'turn', commandId: id }}
            onRetry={() => undefined}
            onForget={() => undefined}
            onRemove={remove}
            onEdit={edit}
          />
        ))}
        {conversation.outgoing.map((outgoing) => (
          <DeliveryChip
            key={outgoing.key}
            text={outgoing.text}
            delivery={conversation.proofs.of(outgoing)}
            onRetry={() => conversation.sendAgain(outgoing.key)}
            onForget={() => conversation.forget(outgoing.key)}
            onRemove={remove}
            onEdit={edit}
          />
        ))}
      </ul>
      {mode !== null && (
        <Composer
          mode={mode}
          draftKey={conversation.source.key}
          field={field}
          draft={draft}
          onDraft={setDraft}
          onSend={(text) => {
            for (const outgoing of conversation.outgoing)
              if (isOver(conversation.proofs.of(outgoing)) && outgoing.sent.state === 'accepted')
                conversation.forget(outgoing.key);
            conversation.send(text);
          }}
        />
      )}
    </div>
  );
}

function textsOf(commands: readonly CommandRecord[]): ReadonlyMap<string, string> {
  return new Map(
    commands.map(({ id, payload }) => [id, typeof payload['prompt'] === 'string' ? payload['prompt'] : '']),
  );
}

/** One short sentence at a time for those who hear the page: not every line that an agent prints. */
function useAnnouncements(conversation: Conversation): void {
  const { announce } = useConsole();
  const told = useRef(0);
  useEffect(() => {
    told.current = conversation.arrived;
    const timer = setInterval(() => {
      const fresh = conversation.arrived - told.current;
      told.current = conversation.arrived;
      if (fresh > 0) announce(plural(fresh, 'new event'));
    }, SPEAK_MS);
    return () => clearInterval(timer);
  }, [conversation]);
}
