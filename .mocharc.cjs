// Tests run as compiled JavaScript. Mocha adds `spec` to files named on the command line, so it is left out when some are.
const named = process.argv.slice(2).some((argument) => /dist\/test\/|\.test\.m?js$/.test(argument));

const hasBrowser = require('node:fs').existsSync(process.env.AGENTRUN_TEST_CHROMIUM ?? '/usr/bin/chromium');

module.exports = {
  ...(named ? {} : { spec: ['dist/test/**/*.test.js'] }),
  // What needs a cluster is built for minutes where there is none: in CI, and where it is asked for (npm run test:kubernetes).
  // What needs a browser runs where there is one, and always in CI.
  ...(named || process.env.CI ? {} : { ignore: ['dist/test/kubernetes/**', ...(hasBrowser ? [] : ['dist/test/console/**'])] }),
  // Stops what test files share, after everything else.
  require: ['./dist/test/support/shared.js'],
  reporter: 'spec',
  timeout: 30_000,
  // In CI a test left out is a failed test. Elsewhere the two are not set at all: `false` here would win over
  // --forbid-only and --forbid-pending. No `exit`: a test which leaves something running must be seen.
  ...(process.env.CI ? { forbidOnly: true, forbidPending: true } : {}),
};
