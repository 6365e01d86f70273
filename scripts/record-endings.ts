// Records, for each way in which a run can end or stand, all that its result is made from: by letting it happen on a real manager
// with real runners and the real codex. Names as arguments record those only; otherwise every one is recorded anew. The tables of
// docs/endings.md follow the recordings; `--page` makes them anew and records nothing.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endingSets } from '../test/support/endings/all-endings.js';
import { EndingStage } from '../test/support/endings/ending-stage.js';
import { endingsPage } from '../test/support/endings/endings-page.js';
import { readRecorded, recordedFolder } from '../test/support/endings/recorded.js';
import { scrubbedFacts } from '../test/support/endings/scrub-facts.js';
import { mochaGlobalTeardown } from '../test/support/shared.js';
import { projectRoot } from './project-root.js';

const pageFile = join(projectRoot, 'docs/endings.md');
const asked = process.argv.slice(2);
const isWanted = (name: string) => asked.length === 0 || asked.includes(name);

await mkdir(recordedFolder, { recursive: true });
try {
  for (const { settings, endings } of endingSets) {
    const wanted = Object.entries(endings).filter(([name]) => isWanted(name));
    if (wanted.length === 0) continue;
    const stage = await EndingStage.set(settings);
    try {
      for (const [name, ending] of wanted) {
        const startedAt = performance.now();
        const facts = await ending.play(stage);
        const text = scrubbedFacts({ what: ending.what, facts }, stage);
        await writeFile(join(recordedFolder, `${name}.json`), text);
        const tookS = (performance.now() - startedAt) / 1_000;
        console.log(`${name}: ${facts.events.length} events, ${text.length} bytes, ${tookS.toFixed(1)} s`);
      }
    } finally {
      await stage.clear();
    }
  }
} finally {
  await mochaGlobalTeardown();
}
await writeFile(pageFile, endingsPage(await readFile(pageFile, 'utf8'), readRecorded()));
