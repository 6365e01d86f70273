import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { recordedApiPage } from '../../scripts/api-page/recorded-page.js';

describe('docs/api.md', () => {
  it('tells the routes as they are', () => {
    const { page, anew } = recordedApiPage();
    assert.equal(page, anew, '`npm run record:api` makes it anew');
  });
});
