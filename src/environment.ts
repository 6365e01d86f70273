/**
 * The process's environment, read here and nowhere else. Apart from the settings, which are checked in `config.ts`: a runner
 * starts for every attempt and must not load a validator first.
 */
export const processEnvironment: Readonly<Record<string, string | undefined>> = process.env;
