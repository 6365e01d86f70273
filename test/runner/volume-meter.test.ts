import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionStorage } from '../../src/contract/session.js';
import { createLog } from '../../src/runner/log.js';
import { measureVolume, type VolumeMeasure } from '../../src/runner/measure-volume.js';
import { VolumeMeter } from '../../src/runner/volume-meter.js';

const forever = new AbortController().signal;
const volume = { pvcName: 'session-a', namespace: 'local' };

describe('the measure of a volume', () => {
  let folder: string;
  const at = new Date('2026-01-02T03:04:05.500Z');

  const put = async (name: string, text: string) => {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
    await utimes(join(folder, name), at, at);
  };

  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'agentrun-measure-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('sums sizes and counts files, and digests paths, sizes and times in the order of the paths', async () => {
    await put('b', '22');
    await put('a/z', '1');
    await put('a.txt', '333');
    const line = (path: string, size: number) => `${path}\0${size}\0${at.getTime()}\n`;
    const sha256 = createHash('sha256')
      .update(line('a.txt', 3) + line('a/z', 1) + line('b', 2))
      .digest('hex');
    assert.deepEqual(await measureVolume(folder, forever), { sizeBytes: 6, filesCount: 3, sha256 });
  });

  it('is another one when a file is renamed, grows or changes, and the same when nothing did', async () => {
    await put('a', '1');
    const digests = [await measureVolume(folder, forever), await measureVolume(folder, forever)];
    assert.deepEqual(digests[0], digests[1]);
    await utimes(join(folder, 'a'), at, new Date(at.getTime() + 1_000));
    const touched = await measureVolume(folder, forever);
    await put('a', '12');
    const grown = await measureVolume(folder, forever);
    await rm(join(folder, 'a'));
    await put('c', '12');
    const renamed = await measureVolume(folder, forever);
    const all = [digests[0], touched, grown, renamed].map((measure) => measure?.sha256);
    assert.equal(new Set(all).size, 4);
  });

  it('counts a link as a file and does not follow it, and takes names that are not UTF-8', async () => {
    await symlink('/usr', join(folder, 'link'));
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]), 'x');
    const measured = await measureVolume(folder, forever);
    assert.deepEqual([measured?.filesCount, measured?.sizeBytes], [2, '/usr'.length + 1]);
  });

  it('is none of a part: beyond a limit, or given up', async () => {
    for (const name of ['a', 'b', 'c']) await put(name, name);
    assert.equal(await measureVolume(folder, forever, { entries: 2, timeoutMs: 1_000 }), undefined);
    assert.equal(await measureVolume(folder, forever, { entries: 9, timeoutMs: -1 }), undefined);
    assert.equal(await measureVolume(folder, AbortSignal.abort()), undefined);
    assert.equal((await measureVolume(folder, forever, { entries: 9, timeoutMs: 1_000 }))?.filesCount, 3);
  });
});

function storageOf(given: Partial<SessionStorage>): SessionStorage {
  const measures = { storageSizeBytes: 1, storageFilesCount: 1, storageSha256: null, storageUpdatedAt: null };
  const quota = { storageQuotaBytes: 6, storageOverQuota: false };
  const fixed = { pvcPhase: 'Bound', codexRolloutSubdir: 'sessions', valuesPrinted: false } as const;
  return { ...volume, ...measures, ...quota, ...fixed, ...given };
}

describe('a meter of a volume', () => {
  let storage: SessionStorage;
  const log = createLog({}, 'silent');
  const measured: VolumeMeasure = { sizeBytes: 1, filesCount: 1, sha256: 'a'.repeat(64) };

  function meterWith(measure: (folder: string, signal: AbortSignal) => Promise<VolumeMeasure | undefined>) {
    const told: unknown[] = [];
    const refresh = async (body: unknown) => {
      told.push(body);
      return { summary: storage };
    };
    const over: unknown[] = [];
    const onOverQuota = (known: SessionStorage) => void over.push(known.storageSizeBytes);
    const ports = { refresh, read: async () => storage, onOverQuota };
    return { told, over, meter: new VolumeMeter({ volumeDir: '/x', volume, ...ports, log, measure }) };
  }

  beforeEach(() => (storage = storageOf({})));

  it('tells once that the volume is over its quota, before the first turn where that is known', async () => {
    storage = storageOf({ storageSizeBytes: 7, storageOverQuota: true });
    const { over, meter } = meterWith(async () => measured);
    await meter.begin();
    await meter.begin();
    meter.start();
    await meter.last();
    assert.deepEqual(over, [7]);
  });

  it('tells it after the turn that went over it, and to nobody after the end', async () => {
    const first = meterWith(async () => measured);
    await first.meter.begin();
    storage = storageOf({ storageSizeBytes: 8, storageOverQuota: true });
    first.meter.start();
    while (first.over.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(first.over, [8]);
    const second = meterWith(async () => measured);
    await second.meter.last();
    assert.deepEqual(second.over, []);
  });

  it('leaves out what is asked for while one is under way, and measures once more at the end', async () => {
    const begun: (() => void)[] = [];
    const { told, meter } = meterWith(() => new Promise((resolve) => begun.push(() => resolve(measured))));
    for (const _ of [1, 2, 3]) meter.start();
    assert.equal(begun.length, 1);
    const last = meter.last();
    begun[0]?.();
    while (begun.length < 2) await new Promise((resolve) => setImmediate(resolve));
    begun[1]?.();
    await last;
    meter.start();
    assert.equal(begun.length, 2);
    const sizes = { storageSizeBytes: 1, storageFilesCount: 1, storageSha256: measured.sha256 };
    assert.deepEqual(told, [
      { ...volume, ...sizes },
      { ...volume, ...sizes },
    ]);
  });

  it('tells nothing of a volume that it could not measure, and fails nobody', async () => {
    const { told, meter } = meterWith(async () => undefined);
    await meter.last();
    const failing = meterWith(() => Promise.reject(new Error('the disk is gone')));
    await failing.meter.last();
    assert.deepEqual([told, failing.told], [[], []]);
  });

  it('does not keep the end waiting: a walk that takes long is given up', async function () {
    this.timeout(20_000);
    let isGivenUp = false;
    const { meter } = meterWith((_, signal) => {
      signal.addEventListener('abort', () => (isGivenUp = true));
      return new Promise(() => undefined);
    });
    const startedAt = Date.now();
    await meter.last();
    assert.ok(isGivenUp && Date.now() - startedAt < 9_500);
  });
});
