import assert from 'node:assert/strict';
import { isPublic, targetPolicy } from '../../../src/webhooks/target-policy.js';

describe('where webhooks may go', () => {
  const NOT_PUBLIC = {
    loopback: ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
    private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1', '::ffff:10.0.0.1'],
    'link-local, where clouds keep their metadata': [
      '169.254.169.254',
      'fe80::1',
      'fe80::1%eth0',
      '::ffff:169.254.169.254',
    ],
    'of a cloud, though it is elsewhere': [
      '100.100.100.200',
      '192.0.0.192',
      'fd00:ec2::254',
      'fd20:ce::254',
      '168.63.129.16',
      '::ffff:168.63.129.16',
      '64:ff9b::a83f:8110',
    ],
    unspecified: ['0.0.0.0', '0.1.2.3', '::'],
    multicast: ['224.0.0.1', '239.255.255.250', 'ff02::1'],
    'broadcast, reserved, for documentation': [
      '255.255.255.255',
      '240.0.0.1',
      '192.0.2.1',
      '198.18.0.1',
      '2001:db8::1',
    ],
    'of a carrier': ['100.64.0.1'],
    'another one in disguise': [
      '64:ff9b::127.0.0.1',
      '64:ff9b::a00:1',
      '64:ff9b:1::1',
      '2002:7f00:1::1',
      '2001:0:4136:e378::1',
      '::127.0.0.1',
      '::ffff:0:127.0.0.1',
    ],
    'not given out': ['4000::1', 'fec0::1', '5f00::1'],
  };
  for (const [what, addresses] of Object.entries(NOT_PUBLIC)) {
    it(`is not what is ${what}`, () => {
      assert.deepEqual(addresses.filter(isPublic), []);
    });
  }

  it('is what everybody may reach', () => {
    const addresses = [
      '93.184.216.34',
      '8.8.8.8',
      '172.32.0.1',
      '2606:2800:220:1::1',
      '::ffff:8.8.8.8',
      '64:ff9b::808:808',
    ];
    assert.deepEqual(
      addresses.filter((address) => !isPublic(address)),
      [],
    );
  });

  it('is what the installation allows: names, addresses and ranges', () => {
    const policy = targetPolicy('hooks.internal, 10.1.0.0/16 ,192.168.7.7,fd00::/8, ::1');
    const may = (host: string, address: string) => policy.mayReach(host, address);
    assert.ok(may('HOOKS.internal', '10.9.9.9'));
    assert.ok(may('10.1.2.3', '10.1.2.3'));
    assert.ok(may('x', '::ffff:10.1.2.3'));
    assert.ok(may('x', '192.168.7.7'));
    assert.ok(may('x', 'fd12::1'));
    assert.ok(may('x', '::1'));
    assert.ok(may('x', '8.8.8.8'));
    assert.ok(!may('other.internal', '10.9.9.9'));
    assert.ok(!may('sub.hooks.internal', '10.9.9.9'));
    assert.ok(!may('x', '192.168.7.8'));
    assert.ok(!may('x', '::2'));
    assert.ok(!may('x', '127.0.0.1'));
  });

  it('is said in a setting that is checked', () => {
    for (const wrong of ['10.0.0.0/33', '10.0.0.0/', '10.0.0', 'a b', 'http://x', 'x/8', '300.1.1.1', '-x', '::/129']) {
      assert.throws(
        () => targetPolicy(`good.example, ${wrong}`),
        new RegExp(`^Error: ${wrong.replaceAll('.', '\\.')}`),
      );
    }
    assert.doesNotThrow(() => targetPolicy('localhost,hooks.svc.cluster.local,my_service,,'));
  });
});
