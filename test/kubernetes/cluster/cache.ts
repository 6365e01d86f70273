import { join } from 'node:path';
import { projectRoot } from '../../../scripts/project-root.js';
import { cacheDir } from '../../support/temporal-server.js';

/** The Kubernetes that tests run against, where none is given. */
export const KUBERNETES_VERSION = 'v1.34.2';

/** Outlives a checkout: binaries, by version. */
export const clusterCache = join(cacheDir, 'kubernetes', KUBERNETES_VERSION);
export const binariesDir = join(clusterCache, 'bin');

/** The Go module that says what the servers are built from. */
export const goModuleDir = join(projectRoot, 'test/kubernetes/cluster/go');
