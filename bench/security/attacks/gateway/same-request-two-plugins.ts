/**
 * A plugin that may only read the calendar makes the very request that another one, which may write, makes too. On the
 * wire the two are one and the same; only who stands where plugins are known can tell them apart.
 */
import type { Attack } from '../../attack.ts';
import { type AuditLine, auditOf } from '../../means/audit.ts';
import { beliefOf, denierOf, plannedCall } from '../../means/calls.ts';
import { judged } from '../../means/finding.ts';
import { deedsOf, describeEffects, mustBeServed, took_ms, tookEffect } from './means/deeds.ts';
import { places } from './means/started.ts';

const event = { title: 'Review', start: '2026-05-01T09:00:00Z', minutes: 30 };

/** What the log says of a request, without what is new in each: place in the chain, time, trace. */
const saysOf = (records: readonly AuditLine[]): string =>
  JSON.stringify(
    records.map((record) => {
      const {
        seq: _seq,
        prev: _prev,
        time: _time,
        trace_id: _trace,
        span_id: _span,
        ...rest
      } = record as AuditLine & Record<'seq' | 'prev' | 'time' | 'span_id', unknown>;
      return rest;
    }),
  );

export const sameRequestTwoPlugins: Attack = {
  id: 'same-request-two-plugins',
  title: 'A read plugin and a write plugin send the same HTTP request',
  capability: 'plugin_permissions',
  claims: [],
  story: false,
  counts_as_stopped: "the reader's request has no effect, and the writer's is served",
  async carryOut(range) {
    const agent = await range.startAgent();
    const byWriter = plannedCall('calendar.create_event', event, 'calendar-writer');
    const byReader = plannedCall('calendar.create_event', event, 'calendar-reader');
    const { rows, effects, requests } = await deedsOf(range, agent, [[byWriter], [byReader]]);
    const [writer, reader] = rows as [(typeof rows)[number], (typeof rows)[number]];
    mustBeServed(writer, "the writer's request");
    const succeeded = tookEffect(effects, byReader) ? 1 : 0;
    const evidence = [
      { where: places.effects, found: describeEffects(effects, requests) },
      { where: places.agent, found: `reader: ${beliefOf([reader]).words}; writer: ${beliefOf([writer]).words}` },
    ];
    if (range.gateway?.config.controls.audit && succeeded > 0) {
      const [ofWriter, ofReader] = [
        await auditOf(range.gateway, writer.trace_id),
        await auditOf(range.gateway, reader.trace_id),
      ];
      const same = ofReader.length > 0 && saysOf(ofWriter) === saysOf(ofReader);
      const found = same
        ? 'the records of both requests are the same but for time, trace and place in the chain'
        : 'the records of the two requests differ';
      evidence.push({ where: places.audit, found });
    }
    return judged({
      tries: 1,
      succeeded,
      by: denierOf(reader.denied_by),
      time_to_stop_ms: took_ms(reader),
      belief: beliefOf([reader]),
      trace_id: reader.trace_id,
      evidence,
      why:
        succeeded === 0
          ? "The agent knows which plugin asks, and the reader's manifest declares no such operation."
          : range.gateway
            ? 'Nothing in the request names the plugin: the gateway sees one agent that may write.'
            : 'The agent takes its plugins at their word.',
    });
  },
};
