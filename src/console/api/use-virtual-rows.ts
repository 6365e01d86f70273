import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { useLayoutEffect, useReducer, useState } from 'preact/hooks';

export interface VirtualRowsOptions {
  readonly count: number;
  readonly keyOf: (index: number) => string;
  readonly heightOf: (index: number) => number;
  readonly scroller: () => HTMLElement | null;
}

export type VirtualRows = Virtualizer<HTMLElement, HTMLElement>;

/** So many pixels from the end still count as there. */
const END_THRESHOLD = 32;

/** The few rows of a long list that can be seen, of heights that are known only once they are drawn. It stays at its end when it is there. */
export function useVirtualRows({ count, keyOf, heightOf, scroller }: VirtualRowsOptions): VirtualRows {
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const options = {
    count,
    getItemKey: keyOf,
    estimateSize: heightOf,
    getScrollElement: scroller,
    observeElementRect: observeFrame,
    observeElementOffset,
    scrollToFn: elementScroll,
    overscan: 5,
    anchorTo: 'end' as const,
    followOnAppend: true,
    scrollEndThreshold: END_THRESHOLD,
    onChange: () => redraw(undefined),
  };
  const [rows] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(options));
  rows.setOptions(options);
  useLayoutEffect(() => rows._didMount(), [rows]);
  useLayoutEffect(() => rows._willUpdate());
  return rows;
}

/** Where the frame gets lower, as by the line that tells of what was just said, what was shown to its end still is. */
const observeFrame: typeof observeElementRect = (rows, tell) => {
  let height = 0;
  return observeElementRect(rows, (rect) => {
    const lower = height - rect.height;
    height = rect.height;
    // How far the end is away counts in the frame as it is by now.
    const wasAtEnd = rows.getDistanceFromEnd() - lower <= END_THRESHOLD;
    tell(rect);
    if (lower > 0 && wasAtEnd) rows.scrollToEnd();
  });
};
