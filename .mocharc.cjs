// Tests run as compiled JavaScript; scripts/run-tests.ts names their files.
module.exports = {
  // Stops what test files share, after everything else.
  require: ['./dist/test/support/shared.js'],
  reporter: 'spec',
  timeout: 90_000,
  // In CI a test left out is a failed test. Elsewhere the two are not set at all: `false` here would win over
  // --forbid-only and --forbid-pending. No `exit`: a test which leaves something running must be seen.
  ...(process.env.CI ? { forbidOnly: true, forbidPending: true } : {}),
};
