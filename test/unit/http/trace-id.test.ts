import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { traceIdOf } from '../../../src/http/middleware/trace-id.js';

const NEW = /^trc_[0-9a-f]{32}$/;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('the trace id', () => {
  it("is the caller's own where it is well-formed", () => {
    assert.equal(traceIdOf('trc_0123456789', ''), 'trc_0123456789');
  });

  it("is that of the caller's W3C trace", () => {
    assert.equal(traceIdOf('', `00-${TRACE}-00f067aa0ba902b7-01`), `trc_${TRACE}`);
    assert.equal(traceIdOf('bad', `00-${TRACE}-00f067aa0ba902b7-01`), `trc_${TRACE}`);
  });

  it('is a new one for anything else', () => {
    const zero = '0'.repeat(32);
    const wrong = ['', 'x', `00-${TRACE}-01`, `00-${zero}-00f067aa0ba902b7-01`, `00-${TRACE}-0000000000000000-01`];
    for (const traceparent of wrong) assert.match(traceIdOf('trc_<script>', traceparent), NEW, traceparent);
  });
});
