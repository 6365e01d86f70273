import { AcpSettingsFault, readAcpSettings, type AcpSettings } from '../../domain/acp-profile.js';
import type { CredentialNeed } from './codex-config.js';
import { looksSecret, REDACTED, redactUrls, isSecretName } from './secret-looks.js';
import { parsed, parseToml, pathOf, wrong } from './toml-file.js';

/**
 * Refuses a file that no agent could be started with.
 * @throws schema-invalid, which names `config` and the line and column, or the path in the file; it repeats no value.
 */
export function checkAcpConfig(text: string): void {
  parseToml(text);
  acpSettingsOf(text);
}

/** @throws schema-invalid */
export function acpSettingsOf(text: string): AcpSettings {
  try {
    return readAcpSettings(parsed(text));
  } catch (error) {
    if (error instanceof AcpSettingsFault) throw wrong(pathOf(error.path), error.what);
    throw error;
  }
}

/** Of a file that was checked. */
export function credentialNeedOfAcp(text: string | undefined): CredentialNeed {
  return text !== undefined && acpSettingsOf(text).apiKeyEnv !== null ? 'api-key' : 'none';
}

/** The command line as everybody may see it. */
export function shownCommand(command: AcpSettings['command']): string {
  return command.map((word, index) => (isSecretWord(word, command[index - 1]) ? REDACTED : redactUrls(word))).join(' ');
}

/** `["--api-key", "…"]` */
function isSecretWord(word: string, previous: string | undefined): boolean {
  return looksSecret(word) || (previous !== undefined && previous.startsWith('-') && isSecretName(previous));
}
