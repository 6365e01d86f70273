import type { BackendProfile } from '../../contract/backend.js';
import type { AcpSettings } from '../../domain/acp-profile.js';
import { AgentRunError } from '../../domain/errors.js';
import type { HasProgram } from '../backends/built-in-backends.js';
import { acpSettingsOf, shownCommand } from './acp-config.js';
import { credentialFault, type KeptProfile } from './kept-profile.js';

/** A profile whose agent speaks ACP, as a backend: everything of it is in its file. */
export async function acpBackend(profile: KeptProfile, hasProgram: HasProgram): Promise<BackendProfile> {
  const { name, config, unreadable } = profile;
  const backend = { name, kind: 'acp', protocol: 'acp', command: '' };
  const capabilities = { steer: false, interrupt: true, resume: false, usage: false };
  if (config === undefined || unreadable !== undefined) {
    return { ...backend, ready: false, reason: unreadable ?? noCommand(name), capabilities };
  }
  const settings = settingsOf(config);
  if (typeof settings === 'string') return { ...backend, ready: false, reason: settings, capabilities };
  const [program] = settings.command;
  const reason = (await hasProgram(program))
    ? credentialFault(profile)
    : `the program ${program} is not on the search path`;
  return {
    ...backend,
    command: shownCommand(settings.command),
    ready: reason === null,
    reason,
    capabilities: { ...capabilities, ...settings.capabilities },
  };
}

/** What another version of ours kept must not keep all others from being listed. */
function settingsOf(config: string): AcpSettings | string {
  try {
    return acpSettingsOf(config);
  } catch (error) {
    if (error instanceof AgentRunError) return error.message;
    throw error;
  }
}

function noCommand(name: string): string {
  return `no agent is named: PUT /api/v1/provider-profiles/${name}/config with its command`;
}
