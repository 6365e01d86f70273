import axeCore from 'axe-core';
import type { Page } from 'playwright-core';

interface Fault {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What keeps somebody from using the page as it is shown now, a line for each. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // What is being looked at is the page, not its policy: axe comes in as DevTools would.
  await page.evaluate(axeCore.source);
  const { violations } = await page.evaluate<{ violations: Fault[] }>(
    `axe.run(document, { resultTypes: ['violations'] })`,
  );
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
}
