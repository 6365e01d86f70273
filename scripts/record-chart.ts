// Writes what the chart renders for each set of values in test/chart/values, to be looked at as a difference and committed.
import { writeFile } from 'node:fs/promises';
import { goldenFile, render, valueSets } from '../test/chart/rendered.js';

for (const name of await valueSets()) await writeFile(goldenFile(name), await render(name));
