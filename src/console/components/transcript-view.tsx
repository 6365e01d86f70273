import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Conversation } from '../api/conversation.js';
import { useKeys } from '../api/use-keys.js';
import { useVirtualRows } from '../api/use-virtual-rows.js';
import { foldRows, groupKeyOf, type ListItem } from '../model/fold-rows.js';
import type { EventRef } from '../model/place.js';
import { isOpenByItself } from '../model/row-folds.js';
import { indexOfEvent, targetRow } from '../model/row-target.js';
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
  const [folds, setFolds] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [selected, setSelected] = useState<string | null>(null);
  const { rows } = conversation.transcript;
  const isOpen = (key: string, byItself: boolean) => folds.get(key) ?? byItself;
  const items = useMemo(
    () => foldRows(rows, (key) => folds.get(key) ?? false),
    [conversation.transcript, conversation.arrived, conversation.eventCount, folds],
  );
  const list = useVirtualRows({
    count: items.length,
    keyOf: (index) => items[index]?.key ?? String(index),
    heightOf: (index) => estimatedHeight(items[index]),
    scroller: () => scroller.current,
  });
  const isAtEnd = list.isAtEnd();
  const arrivedAtPause = useRef(0);
  if (isAtEnd) arrivedAtPause.current = conversation.arrived;
  const unseen = conversation.arrived - arrivedAtPause.current;
  useEffect(() => onEndSeen(isAtEnd), [isAtEnd, conversation.arrived]);

  const toggle = (key: string, byItself: boolean) => setFolds(new Map(folds).set(key, !isOpen(key, byItself)));
  const follow = () => list.scrollToEnd();
  useEffect(() => {
    if (conversation.isLoaded && at === null) follow();
  }, [conversation.isLoaded]);
  useOlder(conversation, list.range?.startIndex ?? Infinity, items.length);
  const target = useTarget(conversation, at, (rowKey) => {
    const group = groupKeyOf(rows, rowKey);
    if (group !== undefined && folds.get(group) !== true) setFolds(new Map(folds).set(group, true));
    const index = items.findIndex((item) => item.key === rowKey || item.key === group);
    if (index >= 0) list.scrollToIndex(index, { align: 'center' });
  });

  const select = (index: number) => {
    const item = items[Math.max(0, Math.min(items.length - 1, index))];
    if (item === undefined) return;
    setSelected(item.key);
    list.scrollToIndex(items.indexOf(item), { align: 'auto' });
  };
  const selectedIndex = items.findIndex(({ key }) => key === selected);
  const firstSeen = list.range?.startIndex ?? 0;
  const step = (by: number) => select(selectedIndex < 0 ? firstSeen : selectedIndex + by);
  const stepPrompt = (by: number) => {
    for (
      let index = (selectedIndex < 0 ? firstSeen : selectedIndex) + by;
      index >= 0 && index < items.length;
      index += by
    ) {
      const item = items[index];
      if (item?.kind === 'row' && (item.row.kind === 'user' || item.row.kind === 'run')) return select(index);
    }
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    ']': () => stepPrompt(1),
    '[': () => stepPrompt(-1),
    f: () => (isAtEnd ? select(firstSeen) : follow()),
    o: () => {
      const item = items[selectedIndex];
      if (item !== undefined) toggle(item.key, item.kind === 'row' && isOpenByItself(item.row, rows));
    },
  });

  return (
    <div class="transcript-frame">
      <div class="transcript" ref={scroller} role="log" aria-live="off" aria-label="Transcript" tabIndex={0}>
        {conversation.hasOlder && (
          <button
            type="button"
            class="quiet older"
            disabled={conversation.isLoadingOlder}
            onClick={() => void conversation.loadOlder()}
          >
            {conversation.isLoadingOlder ? 'Loading earlier events…' : 'Load earlier events'}
          </button>
        )}
        <div class="rows" style={{ height: `${list.getTotalSize()}px` }}>
          {list.getVirtualItems().map(({ key, index, start }) => {
            const item = items[index];
            return (
              <div
                key={key}
                class="row-slot"
                data-index={index}
                ref={list.measureElement}
                style={{ transform: `translateY(${start}px)` }}
              >
                {item?.kind === 'group' && <ToolGroupHead group={item} onToggle={() => toggle(item.key, false)} />}
                {item?.kind === 'row' && (
                  <TranscriptRowView
                    row={item.row}
                    isOpen={isOpen(item.key, isOpenByItself(item.row, rows))}
                    isInGroup={item.isInGroup}
                    isTarget={item.key === target}
                    isSelected={item.key === selected}
                    ofRun={ofRun}
                    steerText={item.row.kind === 'steer' ? steerTexts.get(item.row.commandId ?? '') : undefined}
                    onToggle={() => toggle(item.key, isOpenByItself(item.row, rows))}
                  />
                )}
              </div>
            );
          })}
        </div>
        {conversation.isLoaded && items.length === 0 && <p class="empty">Nothing has happened here yet.</p>}
        {!conversation.isLoaded && <p class="empty">Loading…</p>}
      </div>
      {!isAtEnd && items.length > 0 && (
        <button type="button" class="pill-button" onClick={follow}>
          {unseen > 0 ? `${unseen} new ↓` : 'To the end ↓'}
        </button>
      )}
    </div>
  );
}

/** What is older comes when somebody scrolls up to where it begins. */
function useOlder(conversation: Conversation, firstIndex: number, count: number): void {
  const hasMoved = useRef(false);
  hasMoved.current ||= firstIndex > 10 && count > 20;
  useEffect(() => {
    if (hasMoved.current && firstIndex < 3 && conversation.hasOlder) void conversation.loadOlder();
  }, [firstIndex, count]);
}

/** Goes to the event that a link points at, further back than what is loaded where it must; answers the row's key. */
function useTarget(conversation: Conversation, at: EventRef | null, show: (rowKey: string) => void): string | null {
  const [target, setTarget] = useState<string | null>(null);
  const address = at === null ? null : indexOfEvent(at);
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (at === null || !conversation.isLoaded || shown.current === address) return;
    const row = targetRow(conversation.transcript.rows, at, !conversation.hasOlder);
    if (row === undefined) {
      if (conversation.hasOlder) void conversation.loadOlder();
      return;
    }
    shown.current = address;
    setTarget(row.key);
    show(row.key);
  }, [address, conversation.isLoaded, conversation.eventCount]);
  return target;
}

function estimatedHeight(item: ListItem | undefined): number {
  if (item?.kind !== 'row') return 36;
  const { row } = item;
  switch (row.kind) {
    case 'user':
      return 44 + 20 * Math.min(12, row.text.split('\n').length);
    case 'assistant':
      return 24 + 20 * Math.ceil(row.text.length / 90);
    case 'diff':
      return 40 + 20 * row.files.reduce((sum, { lines }) => sum + Math.min(120, lines.length), 0);
    default:
      return 32;
  }
}
