import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeighbridgeError } from '#contract/errors.ts';
import { Injector } from './injector.ts';
import { answering, Collector, gatewayTo, get, Origin, okAnswer, post, RawClient, send, until } from './testing.ts';

const nsPerMs = 1_000_000;

describe('the delay of a placebo', () => {
  for (const ms of [0, 0.25, 7, 8]) {
    it(`of ${ms} ms is never shorter than asked, and what it really was stands on the server span`, async () => {
      const collector = await Collector.start();
      let arrived_ns = 0n;
      const origin = await Origin.start((socket, head) => {
        arrived_ns = process.hrtime.bigint();
        answering(okAnswer)(socket, head);
      });
      const gateway = await gatewayTo(origin.url, {}, { otlp: collector.url, delay: { ms } });
      for (const request of [get('/calendar/events'), post('/mail/messages', '{"to":"a"}')]) {
        collector.spans.length = 0;
        const sent_ns = process.hrtime.bigint();
        const answer = await send(gateway.url, request);
        const took_ns = process.hrtime.bigint() - sent_ns;
        assert.equal(answer.status, 200);
        await gateway.drain();
        const server = collector.spans.find((span) => span.kind === 2)!;
        const client = collector.spans.find((span) => span.kind === 3)!;
        const injected_ns = BigInt(server.attributes['weighbridge.injected_ns']!);
        assert.ok(injected_ns >= BigInt(ms * nsPerMs), `${injected_ns} ns`);
        // Whoever holds another clock to it must find the delay before the request's first byte at the origin.
        assert.ok(arrived_ns - sent_ns >= injected_ns, `${injected_ns} of ${arrived_ns - sent_ns} ns until the origin`);
        assert.ok(took_ns >= injected_ns);
        assert.ok(server.end_ns - server.start_ns >= injected_ns, 'it lies inside the server span');
        assert.ok(client.start_ns - server.start_ns >= injected_ns, 'and before the client span');
        assert.equal(client.attributes['weighbridge.injected_ns'], undefined);
      }
    });
  }

  it('is none, and is not noted, where none is asked for', async () => {
    const collector = await Collector.start();
    const origin = await Origin.start();
    const gateway = await gatewayTo(origin.url, {}, { otlp: collector.url });
    await send(gateway.url, get('/'));
    await gateway.drain();
    assert.equal(collector.spans.length, 2);
    assert.ok(collector.spans.every((span) => !('weighbridge.injected_ns' in span.attributes)));
  });

  it('sends nothing upstream for a client that has left before it was over', async () => {
    const collector = await Collector.start();
    const origin = await Origin.start();
    const gateway = await gatewayTo(origin.url, {}, { otlp: collector.url, delay: { ms: 1_000 } });
    const client = new RawClient(gateway.url);
    client.write(get('/calendar/events').replace('Connection: close\r\n', ''));
    await until(() => client.socket.bytesWritten > 0 && !client.socket.connecting);
    client.socket.destroy();
    // A second request starts its own delay later, and so ends later: the first one's is surely over then.
    assert.equal((await send(gateway.url, get('/files/1'))).status, 200);
    assert.equal(origin.heads.length, 1, 'only the one whose client stayed');
    assert.match(origin.heads[0]!, /^GET \/files\/1 /);
    await gateway.drain();
    const left = collector.spans.find((span) => span.attributes['error.type'] === 'client_gone');
    assert.equal(left?.attributes['weighbridge.injected_ns'], undefined);
  });

  for (const ms of [-1, 1_001, Number.NaN]) {
    it(`of ${ms} ms is refused`, () => {
      assert.throws(
        () => new Injector({ ms }),
        (error) => error instanceof WeighbridgeError && error.code === 'CONFIG' && error.where === 'delay.ms',
      );
    });
  }
});
