// Records a history for each life of test/support/histories that has none in test/histories yet, by living it on a real stack.
// Those that are there stay: replaying them is what they are for. With `--all` every one is recorded anew, for a change of the
// workflows that no live run has to survive.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mochaGlobalTeardown } from '../test/support/shared.js';
import type { Life } from '../test/support/histories/life.js';
import { runLives } from '../test/support/histories/run-lives.js';
import { scrubbed } from '../test/support/histories/scrub.js';
import { Stage } from '../test/support/histories/stage.js';
import { senderLives } from '../test/support/histories/sender-lives.js';
import { sessionLives } from '../test/support/histories/session-lives.js';
import { togetherLives } from '../test/support/histories/together-lives.js';
import { watcherLives } from '../test/support/histories/watcher-lives.js';
import { queueLives } from '../test/support/histories/queue-lives.js';
import { queueEventLives } from '../test/support/histories/queue-event-lives.js';
import { scheduleLives } from '../test/support/histories/schedule-lives.js';
import { projectRoot } from './project-root.js';

const folder = join(projectRoot, 'test/histories');

/** One file an execution, numbered where there are several. */
async function record(name: string, life: Life): Promise<void> {
  const stage = await Stage.set(life.settings);
  try {
    const histories = await life.play(stage);
    for (const [index, history] of histories.entries()) {
      const file = histories.length === 1 ? `${name}.json` : `${name}.${index + 1}.json`;
      await writeFile(join(folder, file), scrubbed(history));
      console.log(`${file}: ${history.events?.length} events`);
    }
  } finally {
    await stage.clear();
  }
}

async function filesOf(name: string): Promise<string[]> {
  return (await readdir(folder)).filter((file) => file.replace(/(\.\d+)?\.json$/, '') === name);
}

await mkdir(folder, { recursive: true });
const anew = process.argv.includes('--all');
try {
  for (const [name, life] of Object.entries({
    ...runLives,
    ...senderLives,
    ...togetherLives,
    ...sessionLives,
    ...watcherLives,
    ...queueEventLives,
    ...queueLives,
    ...scheduleLives,
  })) {
    const known = await filesOf(name);
    if (known.length > 0 && !anew) continue;
    await Promise.all(known.map(async (file) => rm(join(folder, file))));
    await record(name, life);
  }
} finally {
  await mochaGlobalTeardown();
}
