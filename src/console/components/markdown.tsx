import DOMPurify, { type Config } from 'dompurify';
import { marked } from 'marked';
import { useMemo } from 'preact/hooks';

/** Longer texts that still grow are shown as they come: to read them as Markdown at each piece would take longer than a frame. */
const LIVE_MARKDOWN = 20_000;

// What an agent writes is not to be trusted: no pictures from elsewhere, no forms, no styles; links open beside this page.
DOMPurify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return;
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer');
});

const ALWAYS: Config = {
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(https?|mailto):/i,
  RETURN_TRUSTED_TYPE: true,
};

/** No classes: a text would look like a part of this page, its buttons and warnings. */
const MARKDOWN: Config = {
  ...ALWAYS,
  ALLOWED_TAGS: [
    'a',
    'blockquote',
    'br',
    'code',
    'del',
    'em',
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'hr',
    'li',
    'ol',
    'p',
    'pre',
    'strong',
    'table',
    'tbody',
    'td',
    'th',
    'thead',
    'tr',
    'ul',
  ],
  ALLOWED_ATTR: ['href', 'start'],
};

/** What `AnsiUp` makes: colours by class, and links. */
const TERMINAL: Config = { ...ALWAYS, ALLOWED_TAGS: ['a', 'span'], ALLOWED_ATTR: ['class', 'href'] };

/** What a terminal's output became, as it may stand in the page. */
export function terminalHtml(html: string): { __html: string } {
  return safeHtml(html, TERMINAL);
}

function safeHtml(html: string, allowed: Config): { __html: string } {
  // It is a TrustedHTML, which `innerHTML` takes as it takes a text.
  return { __html: DOMPurify.sanitize(html, allowed) };
}

/** Rows come and go as somebody scrolls: what was read once is not read again at once. */
const known = new Map<string, { __html: string }>();
const KNOWN_AT_MOST = 500;

function htmlOf(text: string, isOpen: boolean): { __html: string } {
  const before = known.get(text);
  if (before !== undefined) return before;
  const html = safeHtml(marked.parse(text, { async: false, gfm: true, breaks: true }), MARKDOWN);
  if (isOpen) return html;
  if (known.size >= KNOWN_AT_MOST) known.delete(known.keys().next().value ?? '');
  known.set(text, html);
  return html;
}

export function Markdown({ text, isOpen }: { readonly text: string; readonly isOpen: boolean }) {
  const isPlain = isOpen && text.length > LIVE_MARKDOWN;
  const html = useMemo(() => (isPlain ? undefined : htmlOf(text, isOpen)), [text, isPlain, isOpen]);
  if (html === undefined) return <div class="markdown plain">{text}</div>;
  return <div class="markdown" dangerouslySetInnerHTML={html} />;
}
