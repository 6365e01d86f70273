import assert from 'node:assert/strict';
import { mergedResources, stepResources } from '../../../src/kubernetes/runner-resources.js';

const OWN = {
  requests: { cpu: '250m', memory: '512Mi' },
  limits: { memory: '4Gi', 'ephemeral-storage': '20Gi', 'nvidia.com/gpu': '1' },
};

describe('the resources of a runner', () => {
  it("are the installation's where the run asks for none", () => {
    for (const asked of [null, {}, { requests: {}, limits: {} }]) assert.deepEqual(mergedResources(asked, OWN), OWN);
    assert.deepEqual(mergedResources(null, {}), { requests: {}, limits: {} });
  });

  it("are the run's in what it asks for, and the installation's in all else", () => {
    assert.deepEqual(mergedResources({ requests: { cpu: '1' } }, OWN), {
      requests: { cpu: '1', memory: '512Mi' },
      limits: OWN.limits,
    });
    assert.deepEqual(mergedResources({ limits: { memory: '8Gi', cpu: '2' } }, OWN), {
      requests: OWN.requests,
      limits: { ...OWN.limits, memory: '8Gi', cpu: '2' },
    });
  });

  it('lower a request that the run did not ask for to the limit that it did', () => {
    const { requests, limits } = mergedResources({ limits: { memory: '256Mi', cpu: '0.1' } }, OWN);
    assert.deepEqual(requests, { cpu: '0.1', memory: '256Mi' });
    assert.deepEqual([limits['memory'], limits['cpu']], ['256Mi', '0.1']);
  });

  it('raise a limit that the run did not ask for to the request that it did', () => {
    const { requests, limits } = mergedResources({ requests: { memory: '6Gi' } }, OWN);
    assert.deepEqual([requests['memory'], limits['memory']], ['6Gi', '6Gi']);
  });

  it('leave to the cluster what contradicts itself, or is no quantity', () => {
    const both = { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } };
    assert.deepEqual(mergedResources(both, {}), both);
    assert.deepEqual(mergedResources(null, both), both);
    assert.equal(mergedResources({ requests: { memory: 'much' } }, OWN).limits['memory'], '4Gi');
  });
});

describe('the resources of a step before the runner', () => {
  it("are the runner's, without its devices", () => {
    assert.deepEqual(stepResources(OWN), {
      requests: { cpu: '250m', memory: '512Mi' },
      limits: { memory: '4Gi', 'ephemeral-storage': '20Gi' },
    });
  });
});
