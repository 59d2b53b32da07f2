/** A refresh within a call shows in the call's trace: the token endpoint joins it where a trace context comes in. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { attr, spanName } from '#contract/names.ts';
import { parseTraceContext, type Telemetry } from '../../../collectors/telemetry/index.ts';

const route = '/token';
const name = spanName.server('POST', route);

/** Notes a SERVER span for this token request, ended just before its final write. Other requests go untraced. */
export function traceTokenRequest(telemetry: Telemetry, req: IncomingMessage, res: ServerResponse): void {
  if (req.method !== 'POST' || req.url !== route) return;
  const parent = parseTraceContext(
    req.headers.traceparent as string | undefined,
    req.headers.tracestate as string | undefined,
  );
  if (!parent) return;
  const span = telemetry.child(parent, name, 'server');
  span.set(attr.method, 'POST');
  span.set(attr.route, route);
  const end = res.end;
  const finish = (): void => {
    if (!ended) {
      ended = true;
      span.set(attr.status, res.statusCode);
      if (res.statusCode >= 500) span.fail(String(res.statusCode));
      telemetry.line(span, 'token request', { status: res.statusCode });
      span.end();
    }
  };
  let ended = false;
  res.end = ((...args: Parameters<typeof end>) => {
    finish();
    return end.apply(res, args);
  }) as typeof end;
  // A client that went away before its answer: the span must end all the same.
  res.once('close', finish);
}
