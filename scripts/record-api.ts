// Makes docs/api.md anew from the routes' declarations.
import { writeFile } from 'node:fs/promises';
import { API_PAGE, recordedApiPage } from './api-page/recorded-page.js';

await writeFile(API_PAGE, recordedApiPage().anew);
