import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const DIRECTORY = 'src/postgres/migrations';

/** What the version before cannot work beside, or waits behind, and what to do in its place. */
const REFUSED: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bDROP\s+(TABLE|COLUMN|VIEW|TYPE)\b/i, 'leave it until no version that is in use reads or writes it'],
  [/\bRENAME\b/i, 'add the new name beside the old one'],
  [/\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b/i, 'add a column of the new type'],
  [/\bALTER\s+COLUMN\s+\w+\s+SET\s+NOT\s+NULL\b/i, 'the version before may write none: allow it'],
  [/\bADD\s+COLUMN\s+(?:(?!,|;|\bDEFAULT\b)[^])*\bNOT\s+NULL\b(?!\s+DEFAULT\b)/i, 'give it a default'],
  [
    /\bADD\s+CONSTRAINT\b(?!(?:(?!;)[^])*\bNOT\s+VALID\b)/i,
    'add it NOT VALID: rows are not looked through under its lock',
  ],
  [/\b(LOCK\s+TABLE|VACUUM\s+FULL|CLUSTER)\b/i, 'everybody would wait'],
];

function complaintsOf(sql: string): string[] {
  const statements = sql.replaceAll(/--.*$/gm, '');
  return REFUSED.filter(([pattern]) => pattern.test(statements)).map(([, instead]) => instead);
}

describe('a migration', () => {
  it('changes nothing that the version before it needs', async () => {
    const files = (await readdir(DIRECTORY)).filter((file) => file.endsWith('.sql'));
    assert.ok(files.length >= 16);
    for (const file of files) assert.deepEqual(complaintsOf(await readFile(join(DIRECTORY, file), 'utf8')), [], file);
  });

  for (const sql of [
    'ALTER TABLE runs DROP COLUMN title;',
    'ALTER TABLE runs RENAME COLUMN title TO name;',
    'ALTER TABLE runs ALTER COLUMN seq TYPE bigint;',
    'ALTER TABLE runs ALTER COLUMN title SET NOT NULL;',
    'ALTER TABLE runs ADD COLUMN a text, ADD COLUMN count int NOT NULL;',
    'ALTER TABLE runs ADD CONSTRAINT positive CHECK (count > 0);',
    'LOCK TABLE runs;',
  ]) {
    it(`is refused with: ${sql}`, () => assert.equal(complaintsOf(sql).length, 1));
  }

  it('may add', () => {
    const sql = `-- DROP TABLE is only spoken of.
      ALTER TABLE runs ADD COLUMN a text, ADD COLUMN count int NOT NULL DEFAULT 0, ADD COLUMN b int DEFAULT 1 NOT NULL;
      ALTER TABLE runs ADD CONSTRAINT positive CHECK (count > 0) NOT VALID;
      ALTER TABLE runs ALTER COLUMN a DROP NOT NULL;
      CREATE INDEX runs_a ON runs (a);`;
    assert.deepEqual(complaintsOf(sql), []);
  });
});
