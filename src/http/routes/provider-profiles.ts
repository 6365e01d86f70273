import { Type } from 'typebox';
import * as profiles from '../../contract/provider-profile.js';
import { PROFILE_NAME_PATTERN } from '../../domain/profiles.js';
import {
  removeProfile,
  setProfileConfig,
  setProfileCredential,
} from '../../operations/provider-profiles/change-profile.js';
import { getProfile, getProfileConfig, listProfiles } from '../../operations/provider-profiles/read-profiles.js';
import { getValidation, validateProfile } from '../../operations/provider-profiles/validate-profile.js';
import { route, type Route } from '../route.js';

const tag = 'provider-profiles';
const PATH = '/api/v1/provider-profiles';
/** Any text: a name that no profile can have is a fault of the request, not a missing thing. */
const params = {
  profile: Type.String({ description: `The profile's name: ${PROFILE_NAME_PATTERN}. \`exec\` has none.` }),
};

export const providerProfileRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listProviderProfiles',
    tag,
    summary: 'The backend profiles that are kept, and whether each is ready',
    auth: 'operator',
    answer: profiles.ProviderProfileList,
    handle: (_request, { operations }) => listProfiles(operations),
  }),
  route({
    method: 'GET',
    path: `${PATH}/:profile`,
    operationId: 'getProviderProfile',
    tag,
    summary: 'What is set of a profile',
    description: 'One that is not set yet is answered with `configured: false`.',
    auth: 'operator',
    params,
    answer: profiles.ProviderProfile,
    handle: ({ params }, { operations }) => getProfile(operations, params.profile),
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/:profile`,
    operationId: 'removeProviderProfile',
    tag,
    summary: 'Take away a profile with its credential',
    description:
      'Harmless where there is none. Runs that have a runner go on; those that wait for one cannot be started.',
    auth: 'operator',
    params,
    answer: profiles.ProfileRemoved,
    handle: ({ principal, params }, { operations }) => removeProfile(operations, principal, params.profile),
  }),
  route({
    method: 'GET',
    path: `${PATH}/:profile/config`,
    operationId: 'getProviderProfileConfig',
    tag,
    summary: 'The configuration file, with what looks secret in it hidden',
    auth: 'operator',
    params,
    answer: profiles.ProfileConfig,
    handle: ({ params }, { operations }) => getProfileConfig(operations, params.profile),
  }),
  route({
    method: 'PUT',
    path: `${PATH}/:profile/config`,
    operationId: 'setProviderProfileConfig',
    tag,
    summary: 'Replace the configuration file',
    description:
      'For a codex profile its `config.toml`. A file that the backend could not use is refused, and changes nothing.',
    auth: 'operator',
    params,
    body: profiles.ProfileConfigWrite,
    bodyExample: {
      config:
        'model_provider = "example"\n\n[model_providers.example]\nname = "Example"\nbase_url = "https://llm.example.com/v1"\nenv_key = "EXAMPLE_API_KEY"\n',
    },
    answer: profiles.ProfileConfig,
    handle: ({ principal, params, body }, { operations }) =>
      setProfileConfig(operations, principal, params.profile, body),
  }),
  route({
    method: 'PUT',
    path: `${PATH}/:profile/credential`,
    operationId: 'setProviderProfileCredential',
    tag,
    summary: 'Replace the credential',
    description: 'Either `apiKey` or `authJson`. No route answers it again: its fingerprint tells two of them apart.',
    auth: 'operator',
    params,
    body: profiles.ProfileCredentialWrite,
    answer: profiles.ProfileCredential,
    handle: ({ principal, params, body }, { operations }) =>
      setProfileCredential(operations, principal, params.profile, body),
  }),
  route({
    method: 'POST',
    path: `${PATH}/:profile/validate`,
    operationId: 'validateProviderProfile',
    tag,
    summary: 'Try the profile: one real turn by a real runner',
    description: 'Answers at once; the validation tells how it goes.',
    auth: 'operator',
    params,
    body: profiles.ProfileValidationCreate,
    refusals: [409],
    answer: profiles.ProfileValidation,
    handle: ({ principal, params, body, traceId }, { operations }) =>
      validateProfile(operations, principal, params.profile, { body, traceId }),
  }),
  route({
    method: 'GET',
    path: `${PATH}/:profile/validations/:validationId`,
    operationId: 'getProviderProfileValidation',
    tag,
    summary: 'How a validation goes, or went',
    auth: 'operator',
    params: { ...params, validationId: profiles.ValidationId },
    answer: profiles.ProfileValidation,
    handle: ({ principal, params }, { operations }) =>
      getValidation(operations, principal, params.profile, params.validationId),
  }),
];
