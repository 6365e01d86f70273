/** A setting that cannot be used: each line names the variable. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
