// Tests run as compiled JavaScript. Mocha adds `spec` to files named on the command line, so it is left out when some are.
const named = process.argv.slice(2).some((argument) => /dist\/test\/|\.test\.m?js$/.test(argument));

module.exports = {
  ...(named ? {} : { spec: ['dist/test/**/*.test.js'] }),
  // What needs a cluster or an image is built for minutes: in CI, and where it is asked for (npm run test:kubernetes, test:chart).
  ...(named || process.env.CI ? {} : { ignore: ['dist/test/{kubernetes,chart}/**'] }),
  // Stops what test files share, after everything else.
  require: ['./dist/test/support/shared.js'],
  reporter: 'spec',
  timeout: 30_000,
  // In CI a test left out is a failed test. Elsewhere the two are not set at all: `false` here would win over
  // --forbid-only and --forbid-pending. No `exit`: a test which leaves something running must be seen.
  ...(process.env.CI ? { forbidOnly: true, forbidPending: true } : {}),
};
