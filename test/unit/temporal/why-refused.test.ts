import assert from 'node:assert/strict';
import { whyRefused, whyUnusable } from '../../../src/temporal/why-refused.js';

const UNAVAILABLE = 14;
/** As gRPC words it. */
const handshake = (said: string) => ({
  code: UNAVAILABLE,
  details: `No connection established. Last error: Error: ${said}. Resolution note: `,
});

describe('what keeps us out of Temporal', () => {
  it('is told of what a handshake ends with', () => {
    const told: readonly [string, RegExp][] = [
      ['self-signed certificate in certificate chain', /no authority that we trust/],
      ['unable to get local issuer certificate', /no authority that we trust/],
      ['unable to verify the first certificate', /no authority that we trust/],
      ['certificate has expired', /is not valid now/],
      [
        "Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b",
        /another name/,
      ],
      [
        'write EPROTO C0:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required',
        /our certificate/,
      ],
      ['C0:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:SSL alert number 48', /our certificate/],
      ['C0:error:0A00010B:SSL routines:ssl3_get_record:wrong version number', /does not speak TLS/],
    ];
    for (const [said, why] of told) assert.match(whyRefused(handshake(said)) ?? '', why, said);
  });

  it('is not guessed where it may be a matter of time', () => {
    for (const said of ['connect ECONNREFUSED 127.0.0.1:7233', 'read ECONNRESET', 'getaddrinfo EAI_AGAIN temporal']) {
      assert.equal(whyUnusable(handshake(said)), undefined, said);
    }
    assert.equal(whyUnusable(new Error('certificate has expired')), undefined);
    assert.equal(whyUnusable(undefined), undefined);
  });

  it('is a key, a certificate or a namespace where the server says so, in words of ours', () => {
    for (const code of [7, 16]) {
      const why = whyUnusable({ code, details: 'Request unauthorized: key abc' }) ?? '';
      assert.match(why, /does not take our API key or certificate/);
      assert.doesNotMatch(why, /abc/);
    }
    assert.equal(whyRefused({ code: 5, details: 'Namespace x is not found.' }), undefined);
    assert.match(whyUnusable({ code: 5, details: 'Namespace x is not found.' }) ?? '', /no namespace of that name/);
  });
});
