/** Shell blocks that the test of the documents does not run: by their file and how their first line begins, each with the reason. */
export const EXCEPTED: readonly { readonly file: string; readonly begins: string; readonly why: string }[] = [
  {
    file: 'README.md',
    begins: 'npm ci && npm run demo',
    why: 'installs; the demo has tests of its own (test/cli/demo)',
  },
  { file: 'README.md', begins: 'npm start', why: 'is the stack that everything else here runs against' },
  {
    file: 'README.md',
    begins: 'node bin/agentrun.js profile validate',
    why: 'asks a real provider with a key of yours',
  },
  { file: 'README.md', begins: 'node bin/agentrun.js chat', why: 'a terminal and Ctrl-C: tested in test/cli/chat' },
  {
    file: 'README.md',
    begins: 'node bin/agentrun.js run create --backend claude',
    why: 'fetches an agent, asks its provider',
  },
  {
    file: 'README.md',
    begins: 'node bin/agentrun.js run create --backend exec --workspace git:git@',
    why: 'clones from GitHub with a key of yours',
  },
  { file: 'README.md', begins: 'npm ci && npm test', why: 'is what runs this test' },
  { file: 'docs/benchmarks.md', begins: 'npm run bench', why: 'takes minutes and measures' },
  { file: 'docs/mcp.md', begins: 'agentrun mcp --http', why: 'serves until it is ended: tested in test/mcp/http' },
  {
    file: 'docs/operating.md',
    begins: 'kubectl create namespace',
    why: 'a cluster and a registry: tested in test/chart/install',
  },
  {
    file: 'docs/operating.md',
    begins: 'registry=registry.example.com',
    why: 'Docker, and minutes; the same layout is tested in test/chart/image',
  },
  {
    file: 'docs/operating.md',
    begins: 'temporal workflow terminate',
    why: 'ends everything in a Temporal; what follows is tested in test/main/restored-database',
  },
  {
    file: 'docs/operating.md',
    begins: 'temporal schedule trigger',
    why: 'the temporal program over an installation of yours',
  },
  { file: 'docs/reliability.md', begins: 'npm run test:faults', why: 'is part of what runs this test, or takes hours' },
  { file: 'docs/runbook.md', begins: 'kubectl -n "$runners"', why: 'a cluster' },
  { file: 'docs/sessions.md', begins: 'agentrun chat', why: 'a terminal: tested in test/cli/chat' },
  {
    file: 'docs/temporal-ui.md',
    begins: 'temporal workflow',
    why: 'the temporal program over an installation of yours',
  },
];
