import assert from 'node:assert/strict';
import type { V1Job, V1Pod, V1PodStatus } from '@kubernetes/client-node';
import { deletedView, jobView } from '../../../src/kubernetes/job-view.js';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const PATIENCE = { unschedulableMs: 30_000, imagePullMs: 90_000 };

function job(given: { annotations?: Record<string, string>; status?: V1Job['status'] } = {}): V1Job {
  return {
    metadata: {
      name: 'runner-1',
      labels: { 'agentrun.dev/run': 'run_1', 'agentrun.dev/attempt': '2' },
      annotations: given.annotations,
    },
    spec: { template: {}, suspend: false, activeDeadlineSeconds: 60 },
    status: given.status,
  };
}

function pod(status: V1PodStatus, deletionTimestamp?: Date): V1Pod {
  return { metadata: { name: 'runner-1-x', deletionTimestamp }, spec: { nodeName: 'node-1', containers: [] }, status };
}

const base = { name: 'runner', image: '', imageID: '', ready: false, restartCount: 0 };

function terminated(
  exitCode: number,
  reason: string,
  given: Pick<V1PodStatus, 'conditions'> = {},
  deletedAt?: Date,
): V1Pod {
  const containerStatuses = [{ ...base, state: { terminated: { exitCode, reason } } }];
  return pod({ phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses, ...given }, deletedAt);
}

function waiting(reason: string, message: string): V1Pod {
  return pod({ phase: 'Pending', containerStatuses: [{ ...base, state: { waiting: { reason, message } } }] });
}

function see(pods: V1Pod[], given: Parameters<typeof job>[0] = {}) {
  const { status, reason, exitCode, message } = jobView({ job: job(given), pods }, PATIENCE, NOW);
  return { status, reason, exitCode, message };
}

describe('a Job as its objects tell it', () => {
  it('starts until its runner runs', () => {
    assert.equal(see([]).status, 'starting');
    const containerStatuses = [{ ...base, state: { running: {} } }];
    assert.equal(see([pod({ phase: 'Running', containerStatuses })]).status, 'running');
  });

  it('names the run and the attempt', () => {
    const { jobName, runId, attempt } = jobView({ job: job(), pods: [] }, PATIENCE, NOW);
    assert.deepEqual({ jobName, runId, attempt }, { jobName: 'runner-1', runId: 'run_1', attempt: 2 });
  });

  it('tells exit codes by their names, and signals as signals', () => {
    assert.deepEqual(see([terminated(0, 'Completed')]).status, 'succeeded');
    const lost = see([terminated(3, 'Error')]);
    assert.deepEqual(lost, {
      status: 'failed',
      reason: 'exited',
      exitCode: 3,
      message: 'the runner ended with exit code 3 (attempt-over)',
    });
    assert.equal(see([terminated(137, 'Error')]).reason, 'killed');
  });

  it('tells a runner that was asked to stop as stopped, unless it ended well by itself', () => {
    const annotations = { 'agentrun.dev/stop-asked-at': 'now' };
    assert.equal(see([terminated(143, 'Error')], { annotations }).status, 'stopped');
    assert.equal(see([terminated(0, 'Completed')], { annotations }).status, 'succeeded');
  });

  it('tells each way of being killed by its own reason', () => {
    assert.equal(see([terminated(137, 'OOMKilled')]).reason, 'OOMKilled');
    const evicted = pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' });
    assert.deepEqual(see([evicted]), {
      status: 'failed',
      reason: 'Evicted',
      exitCode: null,
      message: 'The node was low on resource: memory.',
    });
    const target = (reason: string) => ({ conditions: [{ type: 'DisruptionTarget', status: 'True', reason }] });
    assert.equal(see([terminated(143, 'Error', target('PreemptionByScheduler'))]).reason, 'Preempted');
    assert.equal(see([terminated(143, 'Error', target('EvictionByEvictionAPI'))]).reason, 'Evicted');
    assert.equal(see([terminated(143, 'Error', {}, new Date(NOW))]).reason, 'PodDeleted');
  });

  it('does not wait for word of a Pod that was deleted before it had a Node', () => {
    const unplaced = (phase: string, conditions?: V1PodStatus['conditions']): V1Pod => {
      const deleted = pod({ phase, conditions }, new Date(NOW));
      deleted.spec!.nodeName = undefined;
      return deleted;
    };
    // The second is how the clean-up of the cluster leaves it.
    for (const deleted of [unplaced('Pending'), unplaced('Failed')]) {
      const { status, reason, message } = see([deleted]);
      assert.deepEqual([status, reason], ['failed', 'PodDeleted']);
      assert.equal(message, 'the Pod was deleted before it had a Node');
    }
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }];
    assert.equal(see([unplaced('Pending', conditions)]).reason, 'Evicted');
    assert.equal(see([pod({ phase: 'Pending' }, new Date(NOW))]).status, 'starting');
  });

  it('does not wait for word of a Node that was lost', () => {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }];
    const running = { phase: 'Running', containerStatuses: [{ ...base, state: { running: {} } }] };
    const lost = see([pod({ ...running, conditions }, new Date(NOW))]);
    assert.deepEqual(
      [lost.status, lost.reason, lost.message],
      ['lost', 'NodeLost', 'the Node node-1 was lost, and the runner with it'],
    );
    assert.equal(see([pod({ ...running, reason: 'NodeLost' })]).reason, 'NodeLost');
  });

  it('takes a container that cannot start for one that failed', () => {
    for (const reason of ['InvalidImageName', 'CreateContainerConfigError', 'RunContainerError']) {
      assert.deepEqual(see([waiting(reason, 'no such thing')]), {
        status: 'failed',
        reason,
        exitCode: null,
        message: 'no such thing',
      });
    }
    assert.equal(see([waiting('ContainerCreating', '')]).status, 'starting');
  });

  const unfetched = (reason: string, message: string, forMs: number): V1Pod => {
    const one = waiting(reason, message);
    const lastTransitionTime = new Date(NOW - forMs);
    one.status!.conditions = [{ type: 'PodScheduled', status: 'True', lastTransitionTime }];
    return one;
  };

  it('gives a registry some time', () => {
    const message =
      'failed to pull image "x": 429 Too Many Requests - toomanyrequests: unauthenticated pull rate limit';
    for (const reason of ['ErrImagePull', 'ImagePullBackOff']) {
      const held = see([unfetched(reason, message, 89_999)]);
      assert.deepEqual(held, { status: 'starting', reason, exitCode: null, message });
      assert.deepEqual(see([unfetched(reason, message, 90_000)]), { ...held, status: 'failed' });
    }
    assert.equal(see([unfetched('ErrImagePull', 'lookup registry: no such host', 0)]).status, 'starting');
    assert.equal(see([waiting('ErrImagePull', 'pull QPS exceeded')]).status, 'starting');
  });

  it('does not wait for an image that the registry has refused', () => {
    for (const message of [
      'failed to resolve reference "x:1": x:1: not found',
      'manifest unknown: manifest unknown',
      'authorization failed: unauthorized: access token has insufficient scopes',
      'pull access denied, repository does not exist or may require authorization',
      'unexpected status from HEAD request: 403 Forbidden',
      'no basic auth credentials',
      'invalid reference format',
    ])
      assert.equal(see([unfetched('ErrImagePull', message, 0)]).status, 'failed', message);
  });

  it('gives a Pod that fits nowhere some time', () => {
    const since = (ms: number) => {
      const lastTransitionTime = new Date(NOW - ms);
      const message = '0/1 nodes are available';
      const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime };
      return see([pod({ phase: 'Pending', conditions: [condition] })]);
    };
    assert.deepEqual([since(29_999).status, since(29_999).reason], ['starting', 'Unschedulable']);
    assert.deepEqual([since(30_000).status, since(30_000).message], ['failed', '0/1 nodes are available']);
  });

  it('gives a volume that is still being made all the time of the start', () => {
    const message = '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.';
    const lastTransitionTime = new Date(NOW - 600_000);
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime };
    const { status, reason } = see([pod({ phase: 'Pending', conditions: [condition] })]);
    assert.deepEqual([status, reason], ['starting', 'VolumePending']);
  });

  it("takes the Job's own deadline for the reason, however its Pod ended by it", () => {
    const conditions = [{ type: 'FailureTarget', status: 'True', reason: 'DeadlineExceeded' }];
    const { reason, message } = see([terminated(143, 'Error')], { status: { conditions } });
    assert.equal(reason, 'DeadlineExceeded');
    assert.match(message ?? '', /after 60 s/);
  });

  it('takes a Job that somebody else deleted for lost, and one that we deleted for stopped', () => {
    const view = (annotations?: Record<string, string>) =>
      deletedView({ job: job({ annotations }), pods: [] }, PATIENCE, NOW);
    assert.deepEqual([view().status, view().reason], ['lost', 'JobDeleted']);
    assert.equal(view({ 'agentrun.dev/stop-asked-at': 'now' }).status, 'stopped');
  });

  it('remembers how a Pod ended that is gone', () => {
    const gone = (gonePod: V1Pod) => jobView({ job: job(), pods: [], gonePod }, PATIENCE, NOW);
    assert.equal(gone(terminated(137, 'OOMKilled')).reason, 'OOMKilled');
    assert.equal(gone(pod({ phase: 'Running' })).reason, 'PodDeleted');
  });
});
