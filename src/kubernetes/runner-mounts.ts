import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { HANDOVER_FILES } from '../domain/runner-program.js';
import { secretObjectName, tokenSecretName } from './marks.js';
import type { PodLaunch } from './runner-settings.js';

/** Where things are in a runner's Pod. */
export const PATHS = {
  /** The session's volume. */
  volume: '/var/lib/agentrun/volume',
  /** In memory: what the runner is handed, until it has read it. */
  handover: '/run/agentrun/handover',
  /** Of the init container only: token and secrets, as the cluster mounts them. */
  staged: '/run/agentrun/staged',
  /** Goes with the Pod, as `/tmp` does. */
  home: '/home/agent',
  temporary: '/tmp',
} as const;

const [VOLUME, HANDOVER, TOKEN, HOME, TEMPORARY] = ['volume', 'handover', 'token', 'home', 'tmp'];

/** Every volume of the Pod. */
export function handoverVolumes(
  launch: Pick<PodLaunch, 'jobName' | 'volumeName' | 'secrets'>,
  lane: string,
): V1Volume[] {
  return [
    { name: VOLUME, persistentVolumeClaim: { claimName: launch.volumeName } },
    { name: HANDOVER, emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
    { name: HOME, emptyDir: {} },
    { name: TEMPORARY, emptyDir: {} },
    { name: TOKEN, secret: { secretName: tokenSecretName(launch.jobName), defaultMode: 0o440 } },
    ...launch.secrets.map((ref, index) => ({
      name: secretVolume(index),
      // One that is not there (any more) is left out, as it is locally.
      secret: { secretName: secretObjectName(lane, ref), defaultMode: 0o440, optional: true },
    })),
  ];
}

/** The init container's. */
export function stagingMounts(launch: Pick<PodLaunch, 'secrets'>): V1VolumeMount[] {
  const under = `${PATHS.staged}/${HANDOVER_FILES.secrets}`;
  return [
    { name: HANDOVER, mountPath: PATHS.handover },
    { name: TOKEN, mountPath: `${PATHS.staged}/${HANDOVER_FILES.token}`, readOnly: true },
    ...launch.secrets.map(({ kind, name }, index) => ({
      name: secretVolume(index),
      mountPath: `${under}/${kind}/${name}`,
      readOnly: true,
    })),
  ];
}

/** The runner's. */
export function handoverMounts(): V1VolumeMount[] {
  return [
    { name: VOLUME, mountPath: PATHS.volume },
    { name: HANDOVER, mountPath: PATHS.handover },
    { name: HOME, mountPath: PATHS.home },
    { name: TEMPORARY, mountPath: PATHS.temporary },
  ];
}

function secretVolume(index: number): string {
  return `secret-${index}`;
}
