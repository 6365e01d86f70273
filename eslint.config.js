import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { plainJsonCarry } from './scripts/eslint/plain-json-carry.js';

// Which folder may import which is dependency-cruiser's part (.dependency-cruiser.cjs).

// One module reads the environment, so that every setting has one name, one default and one clear complaint.
const ENVIRONMENT = [
  'MemberExpression[property.name="env"]:matches([object.name="process"], [object.property.name="process"])',
  'MemberExpression[property.value="env"][object.name="process"]',
  'VariableDeclarator[init.name="process"] > ObjectPattern > Property[key.name="env"]',
].map((selector) => ({
  selector,
  message: 'Only src/environment.ts reads the environment: take the value as a parameter.',
}));

const NO_ENV_IMPORT = ['node:process', 'process'].map((name) => ({
  name,
  importNames: ['env', 'default'],
  message: 'Only src/environment.ts reads the environment: take the value as a parameter.',
}));

// Temporal replays a workflow from its history, in an isolate which makes Date, Math.random and setTimeout
// deterministic. What the isolate lacks or cannot replay is refused here, before a worker meets it.
const NOT_IN_A_WORKFLOW = [
  'Buffer crypto fetch performance process require setImmediate setInterval structuredClone WeakRef',
  'FinalizationRegistry XMLHttpRequest WebSocket MessageChannel BroadcastChannel Worker SharedArrayBuffer Atomics',
].flatMap((names) => names.split(' '));

const TYPED_RULES = {
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
  // `import { type A }` keeps an empty import at run time, so a type-only import must be `import type`.
  '@typescript-eslint/no-import-type-side-effects': 'error',
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
  ],
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
  '@typescript-eslint/no-confusing-void-expression': [
    'error',
    { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
  ],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  // `interface Run extends Static<typeof runSchema> {}` gives a derived type its name in messages.
  '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
  // `defineUpdate<void, [Arguments]>` is how an update without an answer is declared.
  '@typescript-eslint/no-invalid-void-type': 'off',
  // It takes a state checked before an `await` for still checked after it, and would have the second check removed.
  '@typescript-eslint/no-unnecessary-condition': 'off',
  // `async` states that a port answers with a promise, even where one implementation has nothing to await.
  '@typescript-eslint/require-await': 'off',
};

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'src/console/dist/', 'examples/']),
  js.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      complexity: ['error', 15],
      'max-depth': ['error', 4],
      'max-lines': ['error', { max: 400 }],
    },
  },
  // Plain JavaScript (this file, bin/) is outside the TypeScript project: no typed rules, but Node's globals.
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', module: 'writable', URL: 'readonly' } },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: TYPED_RULES,
  },
  {
    files: ['{src,workflows,activities,temporal-dev}/**/*.{ts,tsx}'],
    rules: { 'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }] },
  },
  {
    // What a component draws stands in it, line by line.
    files: ['src/console/**/*.tsx'],
    rules: { 'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }] },
  },
  {
    // Tests, benches and build scripts may read the environment: they are run by hand or by CI, not configured.
    files: ['{src,activities,temporal-dev}/**/*.{ts,tsx}', 'bin/**/*.js'],
    ignores: ['src/environment.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...ENVIRONMENT],
      'no-restricted-imports': ['error', { paths: NO_ENV_IMPORT }],
    },
  },
  {
    files: ['src/cli/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'fetch', message: 'The CLI speaks HTTP only through src/client.' }],
    },
  },
  {
    files: ['workflows/**/*.ts'],
    plugins: { workflow: { rules: { 'plain-json-carry': plainJsonCarry } } },
    rules: {
      'no-restricted-globals': [
        'error',
        ...NOT_IN_A_WORKFLOW.map((name) => ({ name, message: 'Not deterministic in a workflow: use an activity.' })),
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              // Every npm package and Node module but these two: timers, crypto and sockets hide in libraries.
              regex: '^(?!\\.{1,2}/|@temporalio/(workflow|common)$)',
              message: 'A workflow imports src/domain, its messages and @temporalio/workflow|common only.',
            },
            {
              regex: '/activities/',
              allowTypeImports: true,
              message: 'A workflow imports activities by `import type` only: the code would run in the isolate.',
            },
          ],
        },
      ],
      'workflow/plain-json-carry': 'error',
    },
  },
  {
    // The client of Kubernetes declares its objects as classes and takes them as plain ones: that is how it is used.
    files: ['src/kubernetes/**/*.ts', 'test/{kubernetes,chart,unit/kubernetes}/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // Bodies of HTTP answers are `any` until the test asserts on them: the assertion is the check.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
