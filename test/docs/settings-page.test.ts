import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { recordedSettingsPage } from '../../scripts/settings-page.js';

describe('docs/settings.md', () => {
  it('tells the settings as they are, each with its meaning', () => {
    const { page, anew } = recordedSettingsPage();
    assert.equal(page, anew, '`npm run record:settings` makes it anew');
    assert.doesNotMatch(anew, /\| {2}\|$/m);
  });
});
