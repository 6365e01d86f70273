import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { stopAtEnd } from './shared.js';

/** A phone's screen, in CSS pixels. */
export const PHONE = { width: 390, height: 844 };

const QUIET =
  '--no-sandbox --headless --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export interface PageOptions {
  /** A small screen that is touched; otherwise one of a desk with a mouse. */
  readonly isPhone?: boolean;
  readonly scheme?: 'light' | 'dark';
}

/** A page, with everything that its browser complained of: broken policies, errors of scripts, messages of errors. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: readonly string[];
}

let shared: Promise<BrowserContext> | undefined;

/** The system's Chromium, one for all tests, with a profile of its own. */
async function browserContext(): Promise<BrowserContext> {
  const profile = await mkdtemp(join(tmpdir(), 'agentrun-browser-'));
  const executablePath = process.env['AGENTRUN_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath))
    throw new Error(`there is no ${executablePath}: install chromium, or name one by AGENTRUN_TEST_CHROMIUM`);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: QUIET.split(' '),
    reducedMotion: 'reduce',
  });
  stopAtEnd(async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  });
  return context;
}

/** What the browser itself says of connections that a test cut on purpose. */
const OF_CONNECTIONS = /net::ERR_|Failed to load resource/;

export async function openPage({ isPhone = false, scheme = 'light' }: PageOptions = {}): Promise<WatchedPage> {
  shared ??= browserContext();
  const page = await (await shared).newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`${error.name}: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !OF_CONNECTIONS.test(message.text()))
      complaints.push(message.text());
  });
  await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) => {
    console.error('policy broken: ' + event.violatedDirective + ' by ' + event.blockedURI + ' at ' + event.sourceFile + ':' + event.lineNumber);
  });`);
  await page.setViewportSize(isPhone ? PHONE : { width: 1280, height: 800 });
  if (isPhone) await touched(page);
  await page.emulateMedia({ colorScheme: scheme });
  return { page, complaints };
}

/** Pages then see a finger (`pointer: coarse`) and have a phone's viewport. */
async function touched(page: Page): Promise<void> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Emulation.setDeviceMetricsOverride', {
    ...PHONE,
    deviceScaleFactor: 2,
    mobile: true,
  });
  await devTools.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 5 });
}
