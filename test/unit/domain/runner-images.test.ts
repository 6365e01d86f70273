import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { namedBy } from '../../../src/domain/allow-list.js';
import { isImageEntry } from '../../../src/domain/runner-images.js';

describe('images that runner Jobs may have', () => {
  it('are those that are listed as they are written, and what begins as an entry does', () => {
    const allows = namedBy(['reg.example/team/*', 'reg.example/one:1', 'reg.example/tools/agent:*', 'busybox']);
    const allowed = ['reg.example/team/a', 'reg.example/team/a/b@sha256:00', 'reg.example/one:1', 'busybox'];
    for (const image of [...allowed, 'reg.example/tools/agent:2']) assert.ok(allows(image), image);
    const others = [
      'reg.example/team',
      'reg.example/teams/a',
      'reg.example/one:12',
      'busybox:1',
      'x/reg.example/team/a',
    ];
    for (const image of [...others, '', 'reg.example/tools/agent', 'reg.example.evil/team/a']) {
      assert.ok(!allows(image), image);
    }
  });

  it('are none where nothing is listed', () => {
    assert.equal(namedBy([])('evil/img'), false);
  });

  it('begin with a registry or a user, whole names of it alone', () => {
    for (const entry of ['a', 'a:1', 'reg.example:5000/a@sha256:00', 'reg.example/*', 'u/*', 'u/a:*', 'u/a@*']) {
      assert.ok(isImageEntry(entry), entry);
    }
    for (const entry of ['', '*', '/*', 'a*', 'reg.example*', 'reg.example/te*', 'a:*', 'u/*/a', 'u/a b']) {
      assert.ok(!isImageEntry(entry), entry);
    }
  });
});
