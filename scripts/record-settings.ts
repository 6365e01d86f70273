// Makes docs/settings.md anew from the settings' schema.
import { writeFile } from 'node:fs/promises';
import { recordedSettingsPage, SETTINGS_PAGE } from './settings-page.js';

await writeFile(SETTINGS_PAGE, recordedSettingsPage().anew);
