import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Conversation } from '../api/conversation.js';
import { useFolds } from '../api/use-folds.js';
import { useOlder, useTarget } from '../api/use-target.js';
import { useTranscriptKeys } from '../api/use-transcript-keys.js';
import { useVirtualRows } from '../api/use-virtual-rows.js';
import { foldRows } from '../model/fold-rows.js';
import type { EventRef } from '../model/place.js';
import { estimatedHeight } from '../model/row-heights.js';
import { ToolGroupHead } from './tool-call.js';
import { TranscriptRowView } from './transcript-row.js';

interface TranscriptViewProps {
  readonly conversation: Conversation;
  readonly ofRun: boolean;
  /** The event that a link points at. */
  readonly at: EventRef | null;
  readonly steerTexts: ReadonlyMap<string, string>;
  /** Whether the end can be seen: what is there has been read. */
  readonly onEndSeen: (isSeen: boolean) => void;
}

/** A transcript of any length: only what can be seen is in the page. Scrolling up stops following; the pill tells what came since. */
export function TranscriptView({ conversation, ofRun, at, steerTexts, onEndSeen }: TranscriptViewProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { rows } = conversation.transcript;
  const folds = useFolds(rows);
  const items = useMemo(
    () => foldRows(rows, (key) => folds.chosen.get(key) ?? false),
    [conversation.transcript, conversation.arrived, conversation.eventCount, folds.chosen],
  );
  const list = useVirtualRows({
    count: items.length,
    keyOf: (index) => items[index]?.key ?? String(index),
    heightOf: (index) => estimatedHeight(items[index]),
    scroller: () => scroller.current,
  });
  const isAtEnd = list.isAtEnd();
  const unseen = useUnseen(conversation, isAtEnd);
  useEffect(() => onEndSeen(isAtEnd), [isAtEnd, conversation.arrived]);
  useEffect(() => {
    if (conversation.isLoaded && at === null) list.scrollToEnd();
  }, [conversation.isLoaded]);
  useOlder(conversation, list.range?.startIndex ?? Infinity, items.length);
  const selected = useTranscriptKeys(items, list, folds);
  const target = useTarget(conversation, at, { items, list, folds });
  return (
    <div class="transcript-frame">
      <div class="transcript" ref={scroller} role="log" aria-live="off" aria-label="Transcript" tabIndex={0}>
        <OlderButton conversation={conversation} />
        <div class="rows" style={{ height: `${list.getTotalSize()}px` }}>
          {list.getVirtualItems().map(({ key, index, start }) => {
            const item = items[index];
            const slot = { key, 'data-index': index, style: { transform: `translateY(${start}px)` } };
            return (
              <div {...slot} class="row-slot" ref={list.measureElement}>
                {item?.kind === 'group' && <ToolGroupHead group={item} onToggle={() => folds.toggle(item)} />}
                {item?.kind === 'row' && (
                  <TranscriptRowView
                    row={item.row}
                    isOpen={folds.isOpen(item)}
                    isInGroup={item.isInGroup}
                    isTarget={item.key === target}
                    isSelected={item.key === selected}
                    ofRun={ofRun}
                    steerText={item.row.kind === 'steer' ? steerTexts.get(item.row.commandId ?? '') : undefined}
                    onToggle={() => folds.toggle(item)}
                  />
                )}
              </div>
            );
          })}
        </div>
        {items.length === 0 && (
          <p class="empty">{conversation.isLoaded ? 'Nothing has happened here yet.' : 'Loading…'}</p>
        )}
      </div>
      {!isAtEnd && items.length > 0 && (
        <button type="button" class="pill-button" onClick={() => list.scrollToEnd()}>
          {unseen > 0 ? `${unseen} new ↓` : 'To the end ↓'}
        </button>
      )}
    </div>
  );
}

function OlderButton({ conversation }: { readonly conversation: Conversation }) {
  if (!conversation.hasOlder) return null;
  return (
    <button
      type="button"
      class="quiet older"
      disabled={conversation.isLoadingOlder}
      onClick={() => void conversation.loadOlder()}
    >
      {conversation.isLoadingOlder ? 'Loading earlier events…' : 'Load earlier events'}
    </button>
  );
}

/** How many events came since somebody scrolled away from the end. */
function useUnseen(conversation: Conversation, isAtEnd: boolean): number {
  const arrivedAtPause = useRef(0);
  if (isAtEnd) arrivedAtPause.current = conversation.arrived;
  return conversation.arrived - arrivedAtPause.current;
}
