import assert from 'node:assert/strict';
import { aipodSpecKey, decideApply, type NewestVersion } from '../../../src/domain/aipod-spec-versions.js';

const live: NewestVersion = { version: 4, contentHash: 'same', isDeleted: false };
const deleted: NewestVersion = { ...live, isDeleted: true };

type Case = [
  what: string,
  newest: NewestVersion | undefined,
  hash: string,
  ifVersion: number | undefined,
  expected: string,
];

const CASES: Case[] = [
  ['a name that was never used', undefined, 'a', undefined, 'created 1'],
  ['a name that was never used, as expected', undefined, 'a', 0, 'created 1'],
  ['a name that was never used, against expectation', undefined, 'a', 1, 'refused 0'],
  ['other content', live, 'other', undefined, 'updated 5'],
  ['other content than the version that was seen last', live, 'other', 4, 'updated 5'],
  ['other content, when another writer was faster', live, 'other', 3, 'refused 4'],
  ['other content, where there was to be none', live, 'other', 0, 'refused 4'],
  ['the same content', live, 'same', undefined, 'unchanged 4'],
  ["the same content, as a writer's own repeat", live, 'same', 3, 'unchanged 4'],
  ['a deleted spec', deleted, 'other', undefined, 'created 5'],
  ['a deleted spec, with its last content', deleted, 'same', undefined, 'created 5'],
  ['a deleted spec, as expected', deleted, 'other', 0, 'created 5'],
  ['a deleted spec that was expected to live', deleted, 'other', 4, 'refused 0'],
];

describe('versions of an aipod spec', () => {
  for (const [what, newest, hash, ifVersion, expected] of CASES) {
    it(`${expected.split(' ')[0]}: ${what}`, () => {
      const { action, version } = decideApply(newest, hash, ifVersion);
      assert.equal(`${action} ${version}`, expected);
    });
  }

  it('belong to one name in any case', () => {
    assert.equal(aipodSpecKey('Nightly-Review'), aipodSpecKey('nightly-REVIEW'));
  });
});
