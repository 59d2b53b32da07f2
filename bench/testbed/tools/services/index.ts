/** All services, by the catalogue's operations. */
import { type Operation, operations } from '#contract/tools.ts';
import { calendar } from './calendar.ts';
import { files } from './files.ts';
import { mail } from './mail.ts';
import { payments } from './payments.ts';
import { search } from './search.ts';
import type { Handler } from './service.ts';

export interface Implementation {
  readonly handler: Handler;
  /** The answer up to its digest, and from there to its result. */
  readonly opening: string;
}

const services = new Map([calendar, files, mail, payments, search].map((service) => [service.tool, service]));

export const implementations: ReadonlyMap<Operation, Implementation> = new Map(
  operations.map((operation) => {
    const handler = services.get(operation.tool)?.handlers[operation.operation];
    if (!handler) throw new RangeError(`no service implements ${operation.name}`);
    const opening = `{"ok":true,"tool":"${operation.tool}","operation":"${operation.operation}","digest":"`;
    return [operation, { handler, opening }];
  }),
);
